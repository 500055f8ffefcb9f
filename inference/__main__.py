"""`python -m inference`: what this package can do, by itself, JSON Lines in and out. Errors go to stderr with code 2.

Each command imports what it needs when it runs, so that light ones start at once.
"""

from __future__ import annotations

import argparse
import json
import sys


def urls(arguments: argparse.Namespace) -> None:
    """One URL a line, cut at line feeds only -> its page identity and registrable domain."""
    from inference.pages import identify

    for line in sys.stdin.buffer:
        url = line.removesuffix(b"\n").decode("utf-8", "replace")
        identity = identify(url)
        row = {"url": url, "page": identity.page, "domain": identity.domain}
        sys.stdout.buffer.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def main(argv: list[str] | None = None) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m inference", description="Questions, answers and citations.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("urls", help="page identity and registrable domain of URLs on standard input")
    command.set_defaults(run=urls)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has had enough; keep the interpreter from complaining when it flushes on exit
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
