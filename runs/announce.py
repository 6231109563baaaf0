"""Tells the outside that a run has changed, after the commit, by a hint that holds ids only.

To the pages hints go through the channel layer, group "changes"; every server process listens there. Threads that wait
for a change hear a bell: that of their own process, which other processes on the same database ring too
(`runs/orchestrating/neighbours.py`). A lost hint costs a moment: whoever shows a run, or waits for one, also looks at
the database by itself from time to time.
"""

import asyncio
import threading
from collections.abc import Callable, Collection

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection, transaction

from runs.orchestrating.neighbours import Neighbours

GROUP = "changes"


class _Herald:
    """Sends hints from any thread, at most one message a tick however many runs changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on hints are sent on this loop. Before, there is nobody to hear them in this process."""
        with self._lock:
            self._loop = loop
            if self._waiting:
                loop.call_soon_threadsafe(self._start)

    def start(self) -> None:
        """Sends hints though nobody listens in this process, where other processes can hear them."""
        if settings.REDIS_URL:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="herald", daemon=True).start()
            self.attach(loop)

    def tell(self, run_id: int) -> None:
        with self._lock:
            idle = not self._waiting
            self._waiting.add(run_id)
            if self._loop is None or self._loop.is_closed():
                self._waiting.clear()
            elif idle:
                self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        task = asyncio.ensure_future(self._send())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _send(self) -> None:
        with self._lock:
            runs, self._waiting = sorted(self._waiting), set()
        layer = get_channel_layer()
        if runs and layer is not None:
            await layer.group_send(GROUP, {"type": "changes", "runs": runs})


herald = _Herald()


class _Bell:
    """Lets threads of this process wait for a change."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._mark = 0
        self._marks: dict[int, int] = {}

    def ring(self, run_ids: Collection[int]) -> None:
        with self._changed:
            self._mark += 1
            for run_id in run_ids:
                self._marks[run_id] = self._mark
                if len(self._marks) > KEPT_MARKS:
                    self._marks.pop(next(iter(self._marks)))
            self._changed.notify_all()

    def mark(self) -> int:
        with self._changed:
            return self._mark

    def wait(self, run_id: int, mark: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._marks.get(run_id, 0) > mark, seconds)


KEPT_MARKS = 10_000
_bell = _Bell()


def mark() -> int:
    """A point in time to wait from: take it before reading what may be old."""
    return _bell.mark()


def wait(run_id: int, since: int, seconds: float) -> None:
    """Waits until it is heard that the run has changed since that mark, or the time is over."""
    _bell.wait(run_id, since, seconds)


_closed = threading.Event()


def close() -> None:
    """The process is asked to end: whoever waits for a change should not, from now on."""
    _closed.set()


def closed() -> bool:
    return _closed.is_set()


WORK = 0  # to wait for instead of a run: there may be something for agents from outside


def work() -> None:
    """Wakes those who wait for work, once the transaction has committed."""
    transaction.on_commit(lambda: _ring(WORK), robust=True)


def changed(run_id: int) -> None:
    """Sends a hint once the transaction has committed; a rollback sends nothing."""
    # Robust: a hint that cannot be sent must not look like a commit that failed.
    transaction.on_commit(lambda: _tell(run_id), robust=True)


def _tell(run_id: int) -> None:
    _ring(run_id)
    herald.tell(run_id)


# ---- between processes ----

_neighbours: Neighbours | None = None


def meet(wake: Callable[[Collection[int]], None] = lambda runs: None) -> None:
    """From now on other processes on the same PostgreSQL ring the bell of this one, and hear its own. `wake`: called
    with runs that want a pass of whoever leads."""
    global _neighbours
    if _neighbours is None and connection.vendor == "postgresql":
        _neighbours = Neighbours(_bell.ring, wake)
        _neighbours.start()


def part() -> None:
    global _neighbours
    if _neighbours is not None:
        _neighbours.stop()
        _neighbours = None


def wake(run_id: int) -> None:
    """Has whoever leads make a pass over this run: it may be another process."""
    if _neighbours is not None:
        _neighbours.tell("wake", run_id)


def _ring(run_id: int) -> None:
    _bell.ring([run_id])
    if _neighbours is not None:
        _neighbours.tell("changed", run_id)
