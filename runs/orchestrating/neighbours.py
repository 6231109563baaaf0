"""Hints to and from other processes on the same PostgreSQL: that runs have changed, that there may be work, that runs
want a pass. On SQLite there is one process, and nobody to tell.

They go by NOTIFY, from a thread of their own, after the commit: a transaction that notifies would make all others wait
for its own commit. A lost hint costs a second: whoever waits also looks by itself.
"""

import json
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from django.db import connection

CHANNEL = "abreast_hints"
MOST_TOLD = 500  # numbers in one notification, which may have 8,000 bytes
PACE_SECONDS = 0.02  # between two looks: what comes meanwhile is told and heard together
TRY_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


class Neighbours:
    """`changed(numbers)` and `wake(numbers)` are called, on a thread of its own, with what others say."""

    def __init__(
        self, changed: Callable[[Collection[int]], None], wake: Callable[[Collection[int]], None] = lambda runs: None
    ) -> None:
        self._called = {"changed": changed, "wake": wake}
        self._lock = threading.Lock()
        self._to_tell: dict[str, set[int]] = {"changed": set(), "wake": set()}
        self._ear, self._call = socket.socketpair()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="neighbours", daemon=True)
        self.listening = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._stir()
        self._thread.join()
        self._ear.close()
        self._call.close()

    def tell(self, what: str, number: int) -> None:
        """From any thread. `what`: "changed" or "wake"."""
        with self._lock:
            idle = not any(self._to_tell.values())
            self._to_tell[what].add(number)
        if idle:
            self._stir()

    def _stir(self) -> None:
        with suppress(OSError):  # it has ended
            self._call.send(b".")

    # ---- the thread ----

    def _work(self) -> None:
        import psycopg  # only where there is a PostgreSQL

        while not self._ended.is_set():
            try:
                with psycopg.connect(**connection.get_connection_params(), autocommit=True) as line:
                    line.execute(f"LISTEN {CHANNEL}")
                    self.listening.set()
                    self._talk(line)
            except (psycopg.Error, OSError) as error:
                log.warning("hints to and from other processes wait for the database: %s", error)
                self._ended.wait(TRY_AGAIN_SECONDS)

    def _talk(self, line: Any) -> None:
        with selectors.DefaultSelector() as either:
            either.register(line, selectors.EVENT_READ)
            either.register(self._ear, selectors.EVENT_READ)
            while not self._ended.wait(PACE_SECONDS):
                if any(key.fileobj is self._ear for key, _ in either.select()):
                    self._ear.recv(4_096)
                self._tell(line)
                self._hear(line)
        self._tell(line)

    def _tell(self, line: Any) -> None:
        if told := self._next():
            line.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(told)])

    def _hear(self, line: Any) -> None:
        for notice in line.notifies(timeout=0):
            if notice.pid != line.info.backend_pid:
                self._heard(notice.payload)

    def _next(self) -> dict[str, list[int]]:
        """What is to be told now. What one notification cannot hold is left for the next turn."""
        told: dict[str, list[int]] = {}
        with self._lock:
            for what, numbers in self._to_tell.items():
                if numbers:
                    told[what] = [numbers.pop() for _ in range(min(len(numbers), MOST_TOLD // 2))]
            if any(self._to_tell.values()):
                self._stir()
        return told

    def _heard(self, payload: str) -> None:
        try:
            for what, numbers in json.loads(payload).items():
                self._called[what](numbers)
        except (ValueError, LookupError, TypeError, AttributeError):
            log.warning("what another process told is not understood: %s", payload[:200])
