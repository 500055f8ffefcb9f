"""What must stand before a command runs: the embedded database, its tables, and the chart bundle."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

from monitor import embedded_postgres, environment

#: Commands that need no database, or (`serve`) look after it themselves.
WITHOUT_DATABASE = frozenset(
    {
        *(
            "check",
            "collectstatic",
            "compilemessages",
            "diffsettings",
            "extract",
            "findstatic",
            "help",
            "metrics",
        ),
        *(
            "makemigrations",
            "makemessages",
            "serve",
            "startapp",
            "test",
            "version",
            "--help",
            "-h",
            "--version",
        ),
    }
)


def prepare(arguments: list[str]) -> None:
    """Start the embedded PostgreSQL for a command that needs it, and stop it after if nobody else has joined.

    Exits with code 2 and one sentence when the database cannot be had.
    """
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in WITHOUT_DATABASE or {"--help", "-h"} & set(arguments):
        return
    data_dir: Path = environment.get("DATA_DIR")
    if not environment.get("DATABASE_URL"):
        start_embedded(data_dir)
    if (Path(__file__).parent / "management" / "commands" / f"{command}.py").exists():
        migrate()


def start_embedded(data_dir: Path) -> None:
    """Join or start the embedded server for as long as this process lives; the last to leave stops it."""
    try:
        leave = embedded_postgres.join(data_dir)
    except (RuntimeError, TimeoutError, OSError) as error:
        environment.refuse(str(error))
    atexit.register(leave)


def migrate() -> None:
    """Bring the tables up to date; quick when they are."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            print("Preparing the database...", file=sys.stderr)
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
    except OperationalError as error:
        environment.refuse(f"The database does not answer: {str(error).strip().splitlines()[0]}")
