"""Celery with what Abreast asks of it and nothing more: a message is acknowledged when its task is over, taken one at a
time for each thread, and leaves no result."""

import os

from celery import Celery

app = Celery("tests.bench.work.bare_tasks", broker=os.environ["BENCH_REDIS"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)


@app.task  # type: ignore[untyped-decorator]
def no_op(number: int) -> None:
    """Does nothing."""
