"""Running one command for a job, through the launcher in `confine`: its output streams, and nothing of it stays.

The launcher is told by the socket it answers on: a byte there asks the command to end, and closing it, or dying, ends
everything at once. So a server that is killed leaves no command behind.
"""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from signal import SIGKILL
from typing import Any

from django.conf import settings

from runs.executors import frames
from runs.executors.base import Failed, Job, Stopped
from runs.executors.child import Listener, command, environment

TAIL_BYTES = 64 * 1024
POLITE_SECONDS = 0.5  # from being asked to end to being ended
_LAST_SECONDS = 5.0  # for what was printed to arrive and the processes to be gone, once they are killed


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: by itself with an `exit` code or by a `signal`, or `over` a limit ("memory")."""

    exit: int | None
    signal: int | None
    over: str | None
    seconds: float
    tail: bytes


def carry_out(job: Job, order: dict[str, Any]) -> Ended:
    """Runs what the order says (see `confine/launcher.py`) to its end. Raises Failed when it does not come to one."""
    since = time.monotonic()
    tail = _Tail(job)
    with _scratch(order) as scratch, contextlib.closing(_Launcher(order | {"scratch": scratch})) as launcher:
        job.process = launcher.process
        with Listener(job, launcher.control, launcher.output, tail.write) as listener:
            try:
                _follow(job, listener)
            except Stopped:
                _ask_to_end(launcher, listener)
                raise
            finally:
                launcher.hang_up()
                listener.drain(_LAST_SECONDS)
        answer: dict[str, Any] = listener.answers[0] if listener.answers else {"error": "it was killed from outside"}
    if "error" in answer:
        raise Failed(f"the command could not be run: {answer['error']}")
    seconds = round(time.monotonic() - since, 3)
    return Ended(answer.get("exit"), answer.get("signal"), answer.get("over"), seconds, tail.data())


@contextlib.contextmanager
def _scratch(order: dict[str, Any]) -> Iterator[str | None]:
    """A folder for the command's temporary things while it runs. In namespaces it has a `/tmp` of its own."""
    if order["way"] == "namespaces":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="abreast-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            os.chown(folder, order["user"], order["group"])
        yield folder


def _follow(job: Job, listener: Listener) -> None:
    while not listener.answers and not listener.gone:
        job.check()
        if job.output.full:
            raise Failed(f"printed more than {settings.OUTPUT_MAX_BYTES / 2**20:g} MiB", retryable=False)
        listener.listen(job.remaining())


def _ask_to_end(launcher: "_Launcher", listener: Listener) -> None:
    launcher.ask_to_end()
    until = time.monotonic() + POLITE_SECONDS
    while not listener.answers and not listener.gone and (left := until - time.monotonic()) > 0:
        listener.listen(left)


class _Launcher:
    """The launcher's process, and both ways to it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.control, theirs = socket.socketpair()
        self.output, printing = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - an interpreter of our own
            command("runs.executors.confine.launcher", str(theirs.fileno())),
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=printing,
            pass_fds=[theirs.fileno()],
            env=environment(),
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        os.close(printing)
        with contextlib.suppress(OSError):  # it is gone: then there will be no answer
            frames.send(self.control, order)

    @property
    def process(self) -> int:
        return self._process.pid

    def ask_to_end(self) -> None:
        with contextlib.suppress(OSError):
            self.control.send(b"!")

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Waits until it is gone, and with it all that it started."""
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, SIGKILL)
            self._process.wait()
        self.control.close()
        os.close(self.output)


class _Tail:
    """Hands output on to a job, and keeps the last of it."""

    def __init__(self, job: Job) -> None:
        self._output = job.output
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        self._output.write(data)
        self._data += data
        if len(self._data) > 2 * TAIL_BYTES:
            del self._data[:-TAIL_BYTES]

    def data(self) -> bytes:
        return bytes(self._data[-TAIL_BYTES:])
