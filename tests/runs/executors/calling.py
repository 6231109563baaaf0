"""Callables for the tests of the executor `python`: friendly ones, and such as no operator should register."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from runs.executors.calls import Task, Unfit, registered


@registered("test.echo")
def echo(task: Task, **arguments: Any) -> dict[str, Any]:
    return {"arguments": arguments, "inputs": task.inputs, "workspace": str(task.workspace)}


@registered("test.process")
def process(task: Task) -> dict[str, Any]:
    return {"pid": os.getpid(), "modules": sorted(sys.modules), "environment": dict(os.environ)}


@registered("test.print")
def print_lines(task: Task, lines: int) -> int:
    for number in range(lines):
        print(number)
    print("to standard error", file=sys.stderr)
    os.write(1, b"past all buffers\n")
    return lines


@registered("test.print_on")
def print_on(task: Task) -> None:
    while True:
        print("on and on")


@registered("test.busy")
def busy(task: Task, seconds: float) -> None:
    """Needs a processor for so long."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


@registered("test.hang")
def hang(task: Task) -> None:
    print("hanging", flush=True)
    threading.Event().wait()


@registered("test.hang_deaf")
def hang_deaf(task: Task, pidfile: str) -> None:
    """Hangs with a child of its own, and neither listens to a polite signal."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.sigwait([signal.SIGUSR1])"])
    (task.workspace / pidfile).write_text(f"{os.getpid()} {child.pid}")
    print("hanging", flush=True)
    child.wait()


@registered("test.exit")
def leave(task: Task, code: int) -> None:
    os._exit(code)


@registered("test.crash")
def crash(task: Task) -> None:
    ctypes.string_at(0)


@registered("test.raise")
def raise_it(task: Task, kind: str) -> None:
    raise {
        "ValueError": ValueError("this is wrong"),
        "SystemExit": SystemExit(3),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "surrogate": ValueError("\ud800\0"),
        "Unfit": Unfit("this will never fit"),
        "long": ValueError("x" * 1_000_000),
    }[kind]


@registered("test.unspeakable")
def unspeakable(task: Task) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    raise Unspeakable


@registered("test.recurse")
def recurse(task: Task) -> Any:
    return recurse(task)


@registered("test.parse")
def parse(task: Task) -> Any:
    """What hostile source does to the parser: MemoryError or RecursionError, by the version of Python."""
    return compile("(" * 100_000 + ")" * 100_000, "bomb", "exec")


@registered("test.result")
def result(task: Task, kind: str) -> Any:
    return {
        "object": object(),
        "nan": float("nan"),
        "surrogate": "\ud800",
        "large": "x" * 2_000_000,
        "keys": {1: 2},
        "null": None,
    }[kind]


@registered("test.forge")
def forge(task: Task) -> str:
    """Writes garbage wherever it can, among it the socket its answer goes through."""
    for handle in range(3, 256):
        try:
            os.write(handle, b"\xff" * 64)
        except OSError:
            continue
    return "done"


@registered("test.fork")
def fork(task: Task) -> int:
    """Comes back twice."""
    os.fork()
    return os.getpid()


@registered("test.daemon")
def daemon(task: Task, token: str, then: str) -> None:
    """Leaves a daemon in a session of its own, whose parent is gone, and then goes on in some way."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", "import signal; signal.sigwait([signal.SIGUSR1])", token])
        os._exit(0)
    os.wait()
    print("begun", flush=True)
    if then == "exit":
        os._exit(0)
    if then == "crash":
        ctypes.string_at(0)
    if then == "kill its parent":
        os.kill(os.getppid(), signal.SIGTERM)
    if then in ("hang", "kill its parent"):
        threading.Event().wait()


@registered("test.read")
def read(task: Task) -> str:
    return sys.stdin.read()
