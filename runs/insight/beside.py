"""What large runs gained is worked out beside the requests that ask for it: in a kept child process, one at a time.

Whoever asks is told at once what is known, or that it is not known yet, and asks again.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from runs.engine.speedup import Slowdown, Spread
from runs.engine.waterfall import Part, Waterfall
from runs.estimating.kept import Child
from runs.insight import gained, kept
from runs.insight.gained import Gained
from runs.insight.kept import Kept
from runs.models import Run

QUICK_SUBTASKS = 500  # of fewer it is worked out while one waits
MOST_SUBTASKS = 100_000  # of more nobody waits for it: in the child it takes about 0.1 ms a subtask
IDLE_SECONDS = 60.0
LEAST_SECONDS = 0.5  # that it is taken to have needed: what was worked out stays until whoever asked has asked again
MOST_WISHES = 100

Ask = Callable[[int, float | None], dict[str, Any]]
Wish = tuple[Run, float | None]
logger = logging.getLogger(__name__)


class Beside:
    """`ask` answers as `runs.insight.child` does; `start` has something done beside whoever calls it; `idle`: for how
    many seconds it waits for more."""

    def __init__(
        self,
        ask: Ask | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._child = Child("runs.insight.child")
        self._ask, self._start, self._idle = ask or self._asked, start or _in_a_thread, idle
        self._wishes: dict[int, Wish] = {}
        self._under_way: tuple[int, float | None] | None = None
        self._at_work = False
        self._changed = threading.Condition()

    def want(self, run: Run, until: float | None) -> None:
        """The newest wish is worked out first; of one run only the newest is kept."""
        with self._changed:
            if self._under_way == (run.pk, until):
                return
            self._wishes.pop(run.pk, None)
            self._wishes[run.pk] = (run, until)
            if len(self._wishes) > MOST_WISHES:
                del self._wishes[next(iter(self._wishes))]
            self._changed.notify()
            if self._at_work:
                return
            self._at_work = True
        self._start(self._work)

    def _work(self) -> None:
        try:
            while wish := self._next():
                self._work_out(*wish)
        finally:
            with self._changed:
                self._under_way, self._at_work = None, False
            self._child.rest()

    def _next(self) -> Wish | None:
        """None when nobody has wished for anything for so long."""
        with self._changed:
            self._under_way = None
            if not self._changed.wait_for(lambda: self._wishes, self._idle):
                self._at_work = False
                return None
            run, until = self._wishes.popitem()[1]
            self._under_way = (run.pk, until)
            return run, until

    def _work_out(self, run: Run, until: float | None) -> None:
        began, now = time.monotonic(), timezone.now()
        try:
            found = read(self._ask(run.pk, until)["found"])
        except OSError as error:
            logger.warning("%s; it is worked out here", error)
            found = gained.gained(run, now, until, MOST_SUBTASKS)
        kept.keep(run, now, until, found, max(LEAST_SECONDS, time.monotonic() - began))

    def _asked(self, run_id: int, until: float | None) -> dict[str, Any]:
        return self._child.ask(run_id, until=until)


def _in_a_thread(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threading.Thread(target=run, name="insight", daemon=True).start()


def read(told: dict[str, Any] | None) -> Gained | None:
    """As the child wrote it."""
    if told is None:
        return None
    flow, overhead, slow = told["waterfall"], told["overhead"], told["slowdown"]
    return Gained(
        Waterfall(flow["seats"], flow["length"], {Part(part): taken for part, taken in flow["taken"].items()}),
        Spread(**overhead) if overhead else None,
        Slowdown(**slow) if slow else None,
        told["measured"],
    )


def find(run: Run, now: datetime, until: float | None = None) -> Kept | None:
    """What is known of a run, or is worked out at once; None while it is worked out beside."""
    if run.total <= QUICK_SUBTASKS or run.total > MOST_SUBTASKS or run.started_at is None:
        return kept.of(run, now, until)
    if (known := kept.known(run, until)) is not None:
        return known
    BESIDE.want(run, until)
    return None


BESIDE = Beside()
