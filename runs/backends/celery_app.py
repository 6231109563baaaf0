"""The one task of the Celery application, and the life of the process that runs it."""

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from celery import signals

from runs import announce
from runs.backends.worker import Worker
from runs.executors import python
from runs.orchestrating import broker

ANEW_SECONDS = 1.0

log = logging.getLogger(__name__)


def work(name: str, seats: int, lanes: Sequence[str]) -> None:
    """Runs a worker until it is told to stop. Threads, not processes: what can hang runs in child processes anyway, and
    threads share a desk."""
    worker = Worker(name, lanes)
    leaving = threading.Event()
    _connect(worker, leaving)
    queues = ",".join(broker.queue_of(lane) for lane in lanes)
    told = ["--pool=threads", f"--concurrency={seats}", f"--hostname={name}", f"--queues={queues}"]
    quiet = ["--loglevel=WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    announce.herald.start()
    announce.meet()
    worker.desk.start()
    try:
        broker.app().worker_main(["worker", *told, *quiet])
    finally:
        worker.stop()
        announce.part()
        python.close_all()
    if not leaving.is_set():
        _begin_anew()


def _begin_anew() -> None:
    """Celery ends its worker when a broker goes away at a moment that its transport does not expect."""
    log.warning("Celery has given up its worker: this process begins anew")
    time.sleep(ANEW_SECONDS)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  (the same command line, in the same process)


def _connect(worker: Worker, leaving: threading.Event) -> None:
    @broker.app().task(name=broker.TASK, ignore_result=True)
    def attempt(number: int, epoch: int) -> None:
        try:
            worker.perform(number, epoch)
        except Exception:
            log.exception("attempt %s could not be taken up; it will be offered again", number)

    @signals.worker_shutting_down.connect(weak=False)
    def leave(*_: Any, **__: Any) -> None:
        leaving.set()
        worker.desk.leave()
