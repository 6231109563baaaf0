"""The one task of the Celery application, and the life of the processes that run it."""

import logging
import mmap
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from celery import signals
from django.db import connections

from runs import announce, garbage
from runs.backends.worker import Worker
from runs.executors import python
from runs.orchestrating import broker

THREADS = "threads"
ANEW_SECONDS = 1.0
LOOK_SECONDS = 0.2  # of a process of the pool, at whether it is to hand back what it is at

log = logging.getLogger(__name__)


class Crew:
    """The worker of this process: the only one with threads, one of those that Celery forks with `prefork`.

    `leaving` is shared with those: no lock, since one of them may be ended at any moment.
    """

    def __init__(self, name: str, lanes: Sequence[str]) -> None:
        self.name, self.lanes = name, lanes
        self.leaving = mmap.mmap(-1, 1)
        self.worker: Worker | None = None

    def begin(self, process: int | None = None) -> None:
        self.worker = Worker(self.name, self.lanes, process)
        announce.herald.start()
        announce.meet()
        self.worker.desk.start()

    def begin_forked(self, **_: Any) -> None:
        from billiard.process import current_process

        connections.close_all()  # those of the process it was forked from
        self.begin(current_process().index + 1)
        threading.Thread(target=self._look, name="leaving", daemon=True).start()

    def _look(self) -> None:
        while not self.leaving[0]:
            time.sleep(LOOK_SECONDS)
        self._leave()

    def leave(self, **_: Any) -> None:
        self.leaving[0] = 1
        self._leave()

    def _leave(self) -> None:
        if self.worker is not None:
            self.worker.desk.leave()

    def perform(self, number: int, epoch: int) -> None:
        assert self.worker is not None
        try:
            self.worker.perform(number, epoch)
        except Exception:
            log.exception("attempt %s could not be taken up; it will be offered again", number)

    def end(self, **_: Any) -> None:
        if self.worker is not None:
            self.worker.stop()
            announce.part()
            python.close_all()


def work(name: str, seats: int, lanes: Sequence[str], pool: str = THREADS) -> None:
    """Runs a worker until it is told to stop. Threads share a desk, and what can hang runs in child processes anyway;
    processes cost more, but Celery can end them, whatever they are at."""
    garbage.look_seldom()
    crew = Crew(name, lanes)
    _connect(crew)
    queues = ",".join(broker.queue_of(lane) for lane in lanes)
    told = [f"--pool={pool}", f"--concurrency={seats}", f"--hostname={name}", f"--queues={queues}"]
    quiet = ["--loglevel=WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    if pool == THREADS:
        crew.begin()
    else:
        signals.worker_process_init.connect(crew.begin_forked, weak=False)
        signals.worker_process_shutdown.connect(crew.end, weak=False)
    try:
        broker.app().worker_main(["worker", *told, *quiet])
    finally:
        crew.end()
    if not crew.leaving[0]:
        _begin_anew()


def _begin_anew() -> None:
    """Celery ends its worker when a broker goes away at a moment that its transport does not expect."""
    log.warning("Celery has given up its worker: this process begins anew")
    time.sleep(ANEW_SECONDS)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  (the same command line, in the same process)


def _connect(crew: Crew) -> None:
    @broker.app().task(name=broker.TASK, ignore_result=True)
    def attempt(number: int, epoch: int) -> None:
        crew.perform(number, epoch)

    signals.worker_shutting_down.connect(crew.leave, weak=False)
