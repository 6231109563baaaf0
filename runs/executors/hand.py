"""The child process in which the executor `python` makes its calls; it is kept, for a start takes longer than a call.

It reads requests from a socket and answers each there; what the callables print goes where standard output leads. It
ends when nobody wants it any more: when its server is gone, when it has been idle for long, and after a call that
failed or has left processes behind.

On Linux it works in a child of this program. The program itself is the keeper: orphans of whatever the callables start
fall to it, and however the hand ends, it ends them all. It too ends when its second socket closes: the server wants it,
or is gone.
"""

import importlib
import os
import resource
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from runs.executors import calls, frames
from runs.executors.confine import kernel, supervise
from runs.executors.processor import seconds_in_line
from runs.executors.results import MAX_ERROR_CHARS, Unstorable, encode

IDLE_SECONDS = 300.0


def main(arguments: list[str]) -> None:
    """`arguments`: the handles of two sockets, for calls and for the server to hang up."""
    channel, control = (socket.socket(fileno=int(number)) for number in arguments)
    if sys.platform == "linux":
        kernel.prctl(kernel.SET_CHILD_SUBREAPER, 1)
        keeper, hand = os.getpid(), os.fork()
        if hand:
            channel.close()
            _keep(hand, control)
        _die_with(keeper)
    control.close()
    _work(channel)


def _keep(hand: int, control: socket.socket) -> NoReturn:
    """Waits for the end of the hand, or of the server; then ends all that came of it, and itself as the hand did."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the callables are its children, and may mean it
    ended = supervise.watch(hand, control, None)
    supervise.kill_all()
    if "exit" in ended:
        os._exit(ended["exit"])
    number = ended.get("signal", signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(1)  # not reached


def _die_with(keeper: int) -> None:
    """Has the kernel end this process with its keeper; what this one starts may become an orphan of it, not before."""
    kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.SET_CHILD_SUBREAPER, 1)
    if os.getppid() != keeper:
        os._exit(0)


def _work(channel: socket.socket) -> NoReturn:
    start = frames.receive(channel)
    sys.path[:] = [*sys.path, *(place for place in start["path"] if place not in sys.path)]
    broken = _load(start["modules"])
    channel.settimeout(IDLE_SECONDS)
    myself, leaves = os.getpid(), False
    while not leaves and (request := _next(channel)):
        answer = _answer(request, broken)
        if os.getpid() != myself:  # the callable forked and came back twice; one answers
            break
        leaves = answer["leaves"] = answer.get("leaves", False) or _has_children()
        frames.send(channel, answer | {"id": request["id"]})
    os._exit(0)  # threads that a callable has left do not hold this up


def _has_children() -> bool:
    """Whether a call has left any, running or ended; orphans of theirs count."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


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
