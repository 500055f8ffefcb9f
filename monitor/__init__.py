"""The web application: workspaces, panels, the ledger, metrics, pages and exports."""

from monitor.celery import app as celery_app

__all__ = ["celery_app"]
