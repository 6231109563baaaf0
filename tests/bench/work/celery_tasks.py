"""The Celery application of the peer: bare Celery as it comes, with Redis as broker and for results."""

import os
import time

from celery import Celery

from tests.bench.work import graph

REDIS = os.environ["BENCH_REDIS"]
app = Celery("tests.bench.work.celery_tasks", broker=REDIS, backend=REDIS)
app.conf.update(broker_connection_retry_on_startup=True, result_expires=600)


@app.task
def no_op(number: int) -> int:
    return number


@app.task
def nap(number: int) -> int:
    time.sleep(graph.TASK_SECONDS)
    return number
