"""Watching over a command and all that comes of it, until it ends or must end.

Whoever watches is the nearest ancestor that orphans fall to: the first process of a PID namespace, or a subreaper. So
everything that came of the command is below the watcher, however often it forked and whatever session it is in.
"""

import contextlib
import os
import re
import select
import signal
import socket
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.5  # between two looks at how much memory the tree uses
KILL_SECONDS = 5.0  # after which what cannot be killed (it hangs in the kernel) is left behind
_PROC = Path("/proc")
_MEMORY = re.compile(rb"^(?:RssAnon|RssShmem):\s+(\d+) kB", re.MULTILINE)


def watch(command: int, control: socket.socket, memory_bytes: int | None) -> dict[str, Any]:
    """How it came to an end: `exit` or `signal` of the command itself, `over` a limit, or `ended` by the server.

    On `control` the server says to end politely (any byte) or that it is over (it closes it, or is gone).
    """
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    try:
        while True:
            if status := _reap(command):
                return status
            if memory_bytes is not None and memory(descendants()) > memory_bytes:
                return {"over": "memory"}
            for handle, _ in poll.poll(None if memory_bytes is None else SAMPLE_SECONDS * 1000):
                if handle == woken.fileno():
                    woken.recv(4096)
                elif not _heard(control):
                    return {"ended": True}
    finally:
        signal.set_wakeup_fd(-1)


def _reap(command: int) -> dict[str, Any] | None:
    """Takes note of all that have ended; says how the command itself did."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == command:
                code = os.waitstatus_to_exitcode(status)
                return {"exit": code} if code >= 0 else {"signal": -code}
            if pid == 0:
                break
    return None


def _heard(control: socket.socket) -> bool:
    """Carries out what the server says; False when it will say nothing more."""
    try:
        if not control.recv(64):
            return False
    except ConnectionError:
        return False
    _signal(descendants(), signal.SIGTERM)
    return True


def kill_all() -> None:
    """Ends everything below this process. Orphans fall to it, so it has killed all when it has no child left."""
    until = time.monotonic() + KILL_SECONDS
    while time.monotonic() < until:
        _signal(descendants(), signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _signal(processes: list[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def descendants() -> list[int]:
    """All processes below this one."""
    children: dict[int, list[int]] = defaultdict(list)
    for process in _PROC.iterdir():
        if process.name.isdecimal() and (parent := _parent(process)) is not None:
            children[parent].append(int(process.name))
    found: list[int] = []
    above = [os.getpid()]
    while above:
        below = children[above.pop()]
        found += below
        above += below
    return found


def _parent(process: Path) -> int | None:
    try:
        text = (process / "stat").read_bytes()
    except OSError:
        return None
    return int(text[text.rindex(b")") + 2 :].split()[1])  # after the name, which may have any character in it


def threads_of(user: int) -> int:
    """How many there are of a user's, in all processes: what the kernel counts against RLIMIT_NPROC."""
    found = 0
    for process in _PROC.iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and process.stat().st_uid == user:
                found += sum(1 for _ in (process / "task").iterdir())
    return found


def memory(processes: list[int]) -> int:
    """Bytes of memory proper they use, without files; what several share is counted for each.

    `smaps_rollup` would count it once, but walks through all pages under the lock that a growing process needs: looking
    at a few busy processes that way was seen to stop a whole machine for a minute.
    """
    return sum(_memory(pid) for pid in processes)


def _memory(pid: int) -> int:
    try:
        found = _MEMORY.findall((_PROC / str(pid) / "status").read_bytes())
    except OSError:
        return 0
    return 1024 * sum(int(number) for number in found)
