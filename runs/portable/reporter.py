"""Says what an application does, and never holds it up: a queue with an end, and a thread that empties it."""

import collections
import hashlib
import logging
import os
import re
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

from runs.portable.client import Client, Refused, Unreachable

REMEMBERED = 10_000  # reports that wait for the server; then the oldest are dropped
AT_ONCE = 500
EVERY_SECONDS = 1.0
RESTS_SECONDS = (1.0, 2.0, 5.0, 10.0)  # while the server cannot be reached
COMPLAINS_EVERY_SECONDS = 60.0
ANSWERS_SECONDS = 10.0  # as long may a busy server take; the client waits no longer for one answer
TRIES = 3  # where the server says that things have just changed
TEXT = 1_000

log = logging.getLogger("abreast")


class Reporter:
    """Reports under the name of a session. Nothing here raises, and only `flush` waits."""

    def __init__(self, client: Client, session: str, content: str) -> None:
        self.client, self.content = client, content
        self.path = f"/sessions/{urllib.parse.quote(session, safe='')}/reports/"
        self.dropped = 0
        self._complained = -COMPLAINS_EVERY_SECONDS
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """A process that was forked has no thread yet, and what its parent had to say is not its own."""
        self._waiting: collections.deque[tuple[float, dict[str, Any]]] = collections.deque()
        self._lock, self._news, self._hurry = threading.Lock(), threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._settled = threading.Event()  # all is told, or the server does not answer
        self._settled.set()
        self._lost_touch = False

    def say(self, key: str, **report: Any) -> None:
        """One report, of now. Fields that are None are left out."""
        told = {"key": key_of(key)} | {name: clean(value) for name, value in report.items() if value is not None}
        with self._lock:
            if len(self._waiting) >= REMEMBERED:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((time.monotonic(), told))
            if not self._lost_touch:
                self._settled.clear()
        self._news.set()
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def flush(self, seconds: float = ANSWERS_SECONDS) -> bool:
        """Waits until all is told, but not for a server that cannot be reached. Says whether it is."""
        self._hurry.set()
        settled = self._settled.wait(seconds)
        self._hurry.clear()
        return settled and not self._lost_touch

    def quietly(self, receiver: Callable[..., None]) -> Callable[..., None]:
        """The same, but whatever goes wrong in it is not the application's trouble."""

        def receive(*_: Any, **told: Any) -> None:
            try:
                receiver(**told)
            except Exception as error:
                self.complain(f"something could not be reported: {error!r}")

        return receive

    def complain(self, why: str) -> None:
        if time.monotonic() - self._complained >= COMPLAINS_EVERY_SECONDS:
            self._complained = time.monotonic()
            log.warning("abreast: %s (%d reports dropped so far); the application goes on", why, self.dropped)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._work, name="abreast", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # the process is ending
                self._thread = None

    def _work(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            while batch := self._take():
                self._send(batch)
            self._hurry.wait(EVERY_SECONDS)  # what comes meanwhile goes together

    def _take(self) -> list[tuple[float, dict[str, Any]]]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            if not batch:
                self._settled.set()
            return batch

    def _send(self, batch: list[tuple[float, dict[str, Any]]]) -> None:
        """Until the server has it, or says that it never will."""
        key, refused, rests = uuid.uuid4().hex, 0, iter(RESTS_SECONDS)
        body = {"content": self.content, "reports": _as_of(batch, time.monotonic())}
        while True:
            try:
                self.client.post(self.path, body, key=key)
                self._lost_touch = False
                self._settled.clear()
                return
            except Unreachable as error:
                self._lost_touch = True
                self._settled.set()
                self.complain(f"the server does not answer: {error}")
                time.sleep(error.wait or next(rests, RESTS_SECONDS[-1]))
            except Refused as error:
                refused += 1
                if error.status != 409 or refused == TRIES:
                    self.dropped += len(batch)
                    self.complain(f"the server refuses reports: {error}")
                    return
                key = uuid.uuid4().hex
            except Exception as error:  # whatever it is, the application goes on
                self.dropped += len(batch)
                self.complain(f"reports cannot be sent: {error!r}")
                return


def _as_of(batch: list[tuple[float, dict[str, Any]]], now: float) -> list[dict[str, Any]]:
    """How long ago each was said, so that work takes as long as it took however late that is told."""
    return [report | {"ago_seconds": min(86_400.0, round(now - at, 3))} for at, report in batch]


def key_of(name: str) -> str:
    """A key for any name: itself if it can be one."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        return name
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def clean(value: Any) -> Any:
    """Text that the server takes: short, and without what cannot be stored."""
    if not isinstance(value, str):
        return value
    return value[:TEXT].replace("\x00", "").encode("utf-8", "replace").decode() or "?"
