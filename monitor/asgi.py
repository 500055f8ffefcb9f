"""The web server's entry point (granian, ASGI)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")

_django = get_asgi_application()

from monitor.body_limit import BodyLimit  # noqa: E402 - needs Django's settings

application = BodyLimit(_django)
