"""`python`: calls a registered callable in a child process.

`{"name": "python", "call": "explore.count", "arguments": {"path": "src/app.py"}}`. How callables are registered:
`calls.py`. Each worker thread keeps a child, a "hand", for its calls; a hand that crashes, hangs or must stop is killed
with everything it started, and the next call gets a new one.
"""

import contextlib
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from django.conf import settings

from runs.executors import frames
from runs.executors.base import Failed, Job, Outcome
from runs.executors.child import Listener, command, environment
from runs.executors.hand import IDLE_SECONDS

_SEND_SECONDS = 10.0  # a hand takes a request at once, or is not well
_LAST_SECONDS = 0.5  # from breaking off to having ended, for a hand that does so by itself
_END_SECONDS = 6.0  # the keeper gives the hand's processes five
_REPLACE_AFTER = IDLE_SECONDS / 2  # so that no call meets a hand that is just leaving

_mine = threading.local()
_all: "set[Hand]" = set()


def run(job: Job) -> Outcome:
    request = _request(job)
    hand = _hand()
    try:
        answer = hand.call(job, request)
    except BaseException:
        hand.end()
        raise
    if answer["leaves"]:
        hand.end()
    if "error" in answer:
        raise Failed(answer["error"], retryable=answer["retryable"])
    return Outcome(answer["result"], worked_seconds=answer["worked_seconds"])


def close_all() -> None:
    """Ends the hands of all threads. No call may be under way."""
    for hand in list(_all):
        hand.end()


def _request(job: Job) -> dict[str, Any]:
    name, arguments = job.spec.get("call"), job.spec.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise Failed("python needs the name of a call, and an object of arguments", retryable=False)
    return {
        "call": name,
        "arguments": arguments,
        "inputs": job.inputs,
        "workspace": str(job.workspace),
        "max_bytes": settings.RESULT_MAX_BYTES,
    }


def _hand() -> "Hand":
    """The hand of this thread, a new one when it has none that will do."""
    hand: Hand | None = getattr(_mine, "hand", None)
    if hand is None or not hand.ready() or hand.modules != settings.PYTHON_CALLS:
        if hand is not None:
            hand.end()
        hand = _mine.hand = Hand(list(settings.PYTHON_CALLS))
    return hand


class Hand:
    """A child process that makes calls, one after the other, of those that `modules` register."""

    def __init__(self, modules: list[str]) -> None:
        self.modules = list(modules)
        self._numbers = itertools.count()
        self._used = time.monotonic()
        self._channel, theirs = socket.socketpair()
        self._control, kept = socket.socketpair()
        self._output, printing = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - an interpreter of our own
            command("runs.executors.hand", str(theirs.fileno()), str(kept.fileno())),
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=printing,
            pass_fds=[theirs.fileno(), kept.fileno()],
            env=environment(),
            start_new_session=True,
        )
        for given in (theirs, kept):
            given.close()
        os.close(printing)
        _all.add(self)
        self._channel.settimeout(_SEND_SECONDS)
        self._send({"path": sys.path, "modules": modules})

    def ready(self) -> bool:
        """It waits for a call, and will not leave before it gets one."""
        if self not in _all or time.monotonic() - self._used > _REPLACE_AFTER:
            return False
        readable, _, _ = select.select([self._channel], [], [], 0)
        return not readable  # it says nothing unasked: this would be its end

    def call(self, job: Job, request: dict[str, Any]) -> dict[str, Any]:
        """Its answer, as `hand.py` gives it. Raises Failed when it ends instead, and Stopped."""
        number = next(self._numbers)
        job.process = self._process.pid
        self._send(request | {"id": number})
        with Listener(job, self._channel, self._output, job.output.write) as listener:
            while not listener.answers and not listener.gone:
                job.check()
                if job.output.full:
                    raise Failed(f"printed more than {settings.OUTPUT_MAX_BYTES / 2**20:g} MiB", retryable=False)
                listener.listen(job.remaining())
            listener.catch_up()
        self._used = time.monotonic()
        answer = listener.answers[-1] if listener.answers else None
        if not isinstance(answer, dict) or answer.get("id") != number:
            if listener.gone:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_LAST_SECONDS)
            self.end()
            raise Failed(f"the call {_last_words(self._process.returncode)}")
        return answer

    def end(self) -> None:
        """Kills it with all that it started."""
        if self not in _all:
            return
        _all.discard(self)
        self._control.close()  # its keeper ends it, and all that it started
        if sys.platform != "linux":
            self._kill()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
        self._channel.close()
        os.close(self._output)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it is gone, and listening will show that
            frames.send(self._channel, message)


def _last_words(code: int) -> str:
    """How a process ended, as the end of a sentence."""
    if code >= 0:
        return f"ended its own process (exit code {code})"
    if code == -signal.SIGKILL:
        return "was killed, or broke off the connection"
    return f"crashed ({signal.Signals(-code).name})"
