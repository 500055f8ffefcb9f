"""What workers do when nudged. Each task calls one service; all may be delivered twice or never."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery.signals import worker_ready
from celery.worker import state

from monitor import exports, pulse, watchdog  # noqa: F401 - the watchdog listens to signals
from monitor.assistants import engine
from monitor.celery import EXTERNAL_QUEUES, MODEL_QUEUES, app
from monitor.exports import saved
from monitor.queries import alerts as alert_queries
from monitor.services import (
    alerts,
    brands,
    jobs,
    judging,
    ledger,
    letters,
    mailing,
    nudge,
    outbound,
    recovery,
    report_issues,
    resolving,
    retention,
    runs,
    saved_reports,
    supporting,
)

log = logging.getLogger(__name__)


@worker_ready.connect
def tell_what_is_slow(**sent: Any) -> None:
    """Once, at the start of a worker that loads models; the check of the settings tells whoever looks there."""
    queues = app.amqp.queues.consume_from
    if not queues.keys().isdisjoint(MODEL_QUEUES) and (slow := engine.precision_problem()):
        log.warning("%s", slow)


@app.task(name="monitor.tasks.tick")
def tick() -> None:
    """Every half minute: start what is due, mend what broke, wake whoever has work."""
    runs.start_due_panels()
    saved_reports.start_due()
    recovery.sweep()
    brands.follow_missed()
    jobs.resume_abandoned()
    for queue in recovery.queues_with_work():
        nudge.queue(queue)
    if resolving.has_work():
        nudge.resolving()
    if report_issues.has_work():
        nudge.reporting()
    if retention.has_work():
        nudge.retaining()
    _wake_for_ended_runs()


@app.task(name="monitor.tasks.sweep")
def sweep() -> None:
    recovery.sweep()
    _wake_for_ended_runs()


def _wake_for_ended_runs() -> None:
    if supporting.has_work():
        nudge.supporting()
    if judging.has_work():
        nudge.judging()
    if alerts.has_work():
        nudge.alerting()
    if mailing.has_work():
        nudge.mailing()


@app.task(name="monitor.tasks.work")
def work(queue: str) -> None:
    """Answer what is due. A worker serves all queues of its kind at once, people's questions first."""
    pulse.beat(queue)
    recovery.recover_spool()
    if queue in MODEL_QUEUES:
        ledger.warm_up(queues=MODEL_QUEUES)
        ledger.work(queues=MODEL_QUEUES)
    else:
        outbound.work(queues=EXTERNAL_QUEUES, keep_going=_keeps_running)


def _keeps_running() -> bool:
    """False once this worker was asked to stop."""
    return state.should_stop is None and state.should_terminate is None


@app.task(name="monitor.tasks.resolve_redirects")
def resolve_redirects() -> None:
    resolving.resolve()


@app.task(name="monitor.tasks.check_support")
def check_support() -> None:
    """On a worker that holds the models, behind whatever waits there."""
    supporting.work(keep_going=_keeps_running)


@app.task(name="monitor.tasks.judge_mentions")
def judge_mentions() -> None:
    """Likewise."""
    judging.work(keep_going=_keeps_running)


@app.task(name="monitor.tasks.evaluate_alerts")
def evaluate_alerts() -> None:
    """Behind the counts of a run, and every few minutes for what did not happen."""
    alerts.evaluate_due(find=alert_queries.found)
    if mailing.has_work():
        nudge.mailing()


@app.task(name="monitor.tasks.send_mail")
def send_mail() -> None:
    write = partial(letters.write, changes=alert_queries.what_changed)
    mailing.work(write=write, keep_going=_keeps_running)


@app.task(name="monitor.tasks.make_reports")
def make_reports() -> None:
    """Make what is due of saved reports, and have it sent."""
    report_issues.work(make=saved.make, expected=(saved.Unusable, exports.Missing), keep_going=_keeps_running)
    if mailing.has_work():
        nudge.mailing()


@app.task(name="monitor.tasks.drop_payloads")
def drop_payloads() -> None:
    retention.work(keep_going=_keeps_running)


@app.task(name="monitor.tasks.run_job")
def run_job(job_id: int) -> None:
    jobs.run(job_id=job_id)
