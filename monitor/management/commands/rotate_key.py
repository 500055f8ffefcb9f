"""`manage.py rotate_key`: seal all keys of assistants under a fresh key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitor import sealing
from monitor.services import credentials
from monitor.services.errors import Problem


class Command(BaseCommand):
    help = "Put a new key into the key file, seal every credential under it, and drop the older keys."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            moved = credentials.rotate()
        except (Problem, sealing.BadKeyFile) as error:
            raise CommandError(
                f"{error} Nothing is lost: the older keys are still in the key file.", returncode=2
            ) from None
        self.stdout.write(f"{moved} credentials are sealed under the new key")
