"""Messages that wake workers. Losing one delays work by a tick and loses nothing: a broker's fault is only logged."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from monitor.celery import MODEL_QUEUES, app

log = logging.getLogger(__name__)


def queue(name: str) -> None:
    """Wake the workers of one queue of the ledger."""
    _send("monitor.tasks.work", name, name)


def housekeeping() -> None:
    """Wake the sweeper now rather than at the next tick."""
    _send("monitor.tasks.sweep", None, "housekeeping")


def resolving() -> None:
    """Wake a worker for redirects that are due."""
    _send("monitor.tasks.resolve_redirects", None, "housekeeping")


def supporting() -> None:
    """Wake a worker that holds the models for answers whose citations are to be checked."""
    _send("monitor.tasks.check_support", None, MODEL_QUEUES[-1])


def judging() -> None:
    """Wake a worker that holds the models for mentions whose sentiment is to be told."""
    _send("monitor.tasks.judge_mentions", None, MODEL_QUEUES[-1])


def alerting() -> None:
    """Wake a worker for rules of alerts that are to be looked at."""
    _send("monitor.tasks.evaluate_alerts", None, "housekeeping")


def mailing() -> None:
    """Wake a worker for e-mails that are due."""
    _send("monitor.tasks.send_mail", None, "housekeeping")


def retaining() -> None:
    """Wake a worker for raw payloads whose time of keeping is over."""
    _send("monitor.tasks.drop_payloads", None, "housekeeping")


def reporting() -> None:
    """Wake a worker for reports that are to be made."""
    _send("monitor.tasks.make_reports", None, "housekeeping")


def job(job_id: int, *, needs_model: bool) -> None:
    """Wake a worker for one job."""
    _send("monitor.tasks.run_job", job_id, MODEL_QUEUES[-1] if needs_model else "housekeeping")


def _send(task: str, argument: str | int | None, queue_name: str) -> None:
    try:
        app.send_task(task, args=[] if argument is None else [argument], queue=queue_name, retry=False)
    except (OSError, OperationalError) as error:
        log.warning("The broker did not take a message for %s (%s); the next tick goes on.", queue_name, error)
