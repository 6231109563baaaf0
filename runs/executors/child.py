"""Child processes that work for a job: how they start, and how their output and their answers come in.

A child has two ways out: whatever it prints, which streams into the job's output, and a socket on which it answers in
messages. Neither may hold up the server: reads are bounded, and being told to stop wakes whoever listens at once.
"""

import contextlib
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from runs.executors import frames
from runs.executors.base import Job

ROOT = Path(__file__).resolve().parent.parent.parent
CHUNK = 64 * 1024
# The little a program needs to know; above all no key, token or address of the server.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME")
_BOOT = (
    "import importlib, sys; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2]).main(sys.argv[3:])"
)


def command(module: str, *arguments: str) -> list[str]:
    """Starts `module.main(arguments)` in an interpreter of its own, without site packages and without Django.

    It leaves bytecode where the server itself would leave it, or none: with `-I` it does not hear of those settings.
    """
    flags = ["-I", "-S", "-u", "-X", "utf8", *(["-B"] if sys.dont_write_bytecode else [])]
    if sys.pycache_prefix:
        flags += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return [sys.executable, *flags, "-c", _BOOT, str(ROOT), module, *arguments]


def environment() -> dict[str, str]:
    """The environment of every child: the server's without its secrets."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


class Listener:
    """Hears a child out for a job: has what it prints kept, holds what it answers. Use it as a context.

    `answers` are its messages so far. `gone`: it will answer no more. `silent`: it will print no more.
    """

    def __init__(self, job: Job, channel: socket.socket, output: int, keep: Callable[[bytes], None]) -> None:
        self.answers: list[Any] = []
        self.gone = False
        self.silent = False
        self._job = job
        self._channel = channel
        self._output = output
        self._keep = keep
        self._buffer = frames.Buffer()
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()

    def __enter__(self) -> "Listener":
        os.set_blocking(self._output, False)
        self._selector.register(self._channel, selectors.EVENT_READ, self._hear)
        self._selector.register(self._output, selectors.EVENT_READ, self._print)
        self._selector.register(self._woken, selectors.EVENT_READ, lambda: self._woken.recv(64))
        self._job.on_stop(self._stop_waiting)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._job.on_stop(None)
        self._selector.close()
        self._woken.close()
        self._wake.close()

    def listen(self, seconds: float) -> None:
        """Waits until something comes, the job is told to stop, or the time is up. Raises OSError and Garbled."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            key.data()

    def drain(self, seconds: float) -> None:
        """Passes on what is still to be printed, for so long at most."""
        until = time.monotonic() + seconds
        while not self.silent and (left := until - time.monotonic()) > 0:
            self.listen(left)

    def catch_up(self) -> None:
        """Passes on what has been printed by now."""
        while not self.silent and self._print():
            pass

    def _stop_waiting(self) -> None:
        """Called by whoever stops the job, from another thread, maybe when it is over already."""
        with contextlib.suppress(OSError):
            self._wake.send(b"!")

    def _print(self) -> bool:
        try:
            data = os.read(self._output, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._keep(data)
        else:
            self.silent = True
            self._selector.unregister(self._output)
        return bool(data)

    def _hear(self) -> None:
        try:
            data = self._channel.recv(CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            self.gone = True
            self._selector.unregister(self._channel)
            return
        self._buffer.add(data)
        while self._buffer.complete:
            self.answers.append(self._buffer.take())
