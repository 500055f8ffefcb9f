"""The Celery application. A message is only a nudge: the queue of record is the ledger in PostgreSQL."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")

from celery import Celery

from monitor import environment

TICK_SECONDS = 30

#: Queues by the kind of worker that serves them. `models` workers load torch once and run `--pool solo`.
MODEL_QUEUES = ("online", "local")
#: Served by one kind of worker that keeps many calls in flight: people's questions, and panels.
ASKING = "asking"
EXTERNAL_QUEUES = (ASKING, "external")
QUEUES = ("housekeeping", *MODEL_QUEUES, *EXTERNAL_QUEUES)


def _broker() -> dict[str, Any]:
    """The configured broker, or files under the data folder.

    A message is tried once: a page must not wait for a broker that is down, when the next tick does without it.
    """
    if url := environment.get("CELERY_BROKER_URL"):
        return {"broker_url": url, "broker_transport_options": {"max_retries": 0, "interval_start": 0}}
    folder = environment.get("DATA_DIR") / "broker"
    messages = environment.folder(folder / "messages")
    return {
        "broker_url": "filesystem://",
        "broker_transport": "monitor.file_broker:Transport",
        "broker_transport_options": {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(environment.folder(folder / "control")),
        },
    }


app = Celery("citescope")
app.conf.update(
    **_broker(),
    result_backend=None,
    task_ignore_result=True,
    task_default_queue="housekeeping",
    task_acks_late=True,
    # Messages only wake, so that a worker may hold any number. With a number, one that a dying Redis took no receipt
    # for would count for ever, and the worker would never look for another.
    worker_prefetch_multiplier=0,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    beat_schedule={
        "tick": {"task": "monitor.tasks.tick", "schedule": TICK_SECONDS, "options": {"queue": "housekeeping"}}
    },
    timezone="UTC",
)
app.autodiscover_tasks(["monitor"])
