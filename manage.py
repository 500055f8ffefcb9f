#!/usr/bin/env python
"""Citescope's command line. Starts the embedded database for commands that need one."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Citescope is not installed here. Run `make run`, or use .venv/bin/python manage.py.")
    from monitor import bootstrap

    bootstrap.prepare(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
