"""`manage.py password_link`: the link by which an invited person sets a first password, for operators to hand over."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from monitor.environment import refuse
from monitor.services import workspaces
from monitor.services.errors import Problem


class Command(BaseCommand):
    help = "Print a link by which an invited person sets a first password. Hand it to that person and nobody else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        site = next(iter(settings.CSRF_TRUSTED_ORIGINS), f"http://localhost:{settings.PORT}")
        parser.add_argument("email", help="Address that was invited.")
        parser.add_argument("--site", default=site, help=f"Where people reach Citescope; default: {site}")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = workspaces.first_password_key(email=options["email"])
        except Problem as problem:
            refuse(str(problem))
        self.stdout.write(options["site"].rstrip("/") + reverse("account_reset_password_from_key", args=key))
