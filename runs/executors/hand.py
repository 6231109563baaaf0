"""The child process in which the executor `python` makes its calls; it is kept, for a start takes longer than a call.

It reads requests from a socket and answers each there; what the callables print goes where standard output leads. It
ends when nobody wants it any more: when its server is gone, when it has been idle for long, and after a call that
failed, since nobody knows what such a call leaves behind.
"""

import ctypes
import importlib
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from runs.executors import calls, frames
from runs.executors.processor import seconds_in_line
from runs.executors.results import MAX_ERROR_CHARS, Unstorable, encode

IDLE_SECONDS = 300.0
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """`arguments`: the handle of the socket, and the process id of the server."""
    channel = socket.socket(fileno=int(arguments[0]))
    _die_with(int(arguments[1]))
    start = frames.receive(channel)
    sys.path[:] = [*sys.path, *(place for place in start["path"] if place not in sys.path)]
    broken = _load(start["modules"])
    channel.settimeout(IDLE_SECONDS)
    myself, leaves = os.getpid(), False
    while not leaves and (request := _next(channel)):
        answer = _answer(request, broken)
        if os.getpid() != myself:  # the callable forked and came back twice; one answers
            break
        frames.send(channel, answer | {"id": request["id"]})
        leaves = answer.get("leaves", False)
    os._exit(0)  # threads that a callable has left do not hold this up


def _die_with(server: int) -> None:
    """Has the kernel end this process with the server, also in the middle of a call and however the server ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        os._exit(0)


def _load(modules: list[str]) -> str:
    """Imports what registers calls. Says what went wrong with those that could not be imported."""
    broken = []
    for module in modules:
        try:
            importlib.import_module(module)
        except BaseException as error:
            traceback.print_exc()
            broken.append(f"{module} could not be loaded ({type(error).__name__}: {error})")
    return "; ".join(broken)


def _next(channel: socket.socket) -> Any:
    try:
        return frames.receive(channel)
    except OSError:  # idle for too long, or the server is gone
        return None


def _answer(request: dict[str, Any], broken: str) -> dict[str, Any]:
    """`result` and the seconds it would have taken alone; or `error`, `retryable`, whether this process `leaves`."""
    try:
        began, waited = time.monotonic(), seconds_in_line()
        task = calls.Task(Path(request["workspace"]), request["inputs"])
        result = calls.call(request["call"], task, request["arguments"])
        encode(result, request["max_bytes"])
        _flush()
    except calls.Unfit as error:
        return {"error": f"{error}; {broken}" if broken else str(error), "retryable": False, "leaves": False}
    except Unstorable as error:
        return {"error": f"its result {error}", "retryable": False, "leaves": True}
    except BaseException as error:
        traceback.print_exc()
        _flush()
        said = traceback.format_exception_only(error)[-1].strip()
        return {"error": said[:MAX_ERROR_CHARS], "retryable": True, "leaves": True}
    return {"result": result, "worked_seconds": max(0.0, time.monotonic() - began - (seconds_in_line() - waited))}


def _flush() -> None:
    """Standard output is not buffered below this, so all that was printed has arrived before the answer does."""
    sys.stdout.flush()
    sys.stderr.flush()
