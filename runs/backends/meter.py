"""What the subtasks of each pool use of this machine: processor time and memory; and their time in line for processors.

A subtask is the processes it started with all below them, or, while it has none, the thread of its worker; how much of
the server's own memory is a thread's, nobody can tell.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from runs.engine.pools import Use, name_of
from runs.executors.base import Job


@dataclass(frozen=True, slots=True)
class AtWork:
    """A subtask that is being carried out. `thread`: of its worker, by the system's number."""

    pool: str
    job: Job
    thread: int


@dataclass(slots=True)
class _Sum:
    cpu: float = 0.0
    memory: int = 0
    processes: int = 0


class Meter:
    """Reads are compared with the one before: the first one of a process or thread says nothing about its time."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], tuple[float, float]] = {}  # processor time, and time in line
        self._last: float | None = None

    def read(self, subtasks: Sequence[AtWork], tick: float) -> dict[str, Use]:
        """By pool; `tick`: seconds of a clock nobody sets. Tells each job how long it stood in line."""
        passed = None if self._last is None else tick - self._last
        seen: dict[tuple[int, float], tuple[float, float]] = {}
        sums: dict[str, _Sum] = {}
        below = _below() if any(one.job.process for one in subtasks) else {}
        threads = _threads() if any(not one.job.process for one in subtasks) else {}
        for one in subtasks:
            total = sums.setdefault(name_of(one.pool), _Sum())
            if one.job.process:
                self._add_processes(one.job, _tree(one.job.process, below), total, seen)
            elif one.thread in threads:
                total.cpu += self._since((one.thread, 0.0), (threads[one.thread], 0.0), seen)[0]
        self._seen, self._last = seen, tick
        return {pool: _use(total, passed) for pool, total in sums.items()}

    def _add_processes(
        self,
        job: Job,
        tree: Iterable[psutil.Process],
        total: _Sum,
        seen: dict[tuple[int, float], tuple[float, float]],
    ) -> None:
        in_line = 0.0
        for process in tree:
            with suppress(psutil.Error, OSError), process.oneshot():
                times, key = process.cpu_times(), (process.pid, process.create_time())
                now = times.user + times.system, _seconds_in_line(process.pid)
                cpu, waited = self._since(key, now, seen)
                total.cpu += cpu
                in_line = max(in_line, waited)
                total.memory += process.memory_info().rss
                total.processes += 1
        job.waited_seconds += in_line

    def _since(
        self, key: tuple[int, float], now: tuple[float, float], seen: dict[tuple[int, float], tuple[float, float]]
    ) -> tuple[float, float]:
        seen[key] = now
        before = self._seen.get(key, now)
        return max(0.0, now[0] - before[0]), max(0.0, now[1] - before[1])


def _use(total: _Sum, passed: float | None) -> Use:
    cpu = total.cpu / passed / _processors() if passed else None
    memory = total.memory / _machine_memory() if total.processes else None
    return Use(cpu, memory)


@cache
def _processors() -> int:
    return psutil.cpu_count() or 1


@cache
def _machine_memory() -> int:
    return int(psutil.virtual_memory().total)


def _below() -> dict[int, list[psutil.Process]]:
    """All processes by their parents."""
    found: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.info["ppid"], []).append(process)
    return found


def _tree(number: int, below: dict[int, list[psutil.Process]]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with suppress(psutil.Error):
        found = [psutil.Process(number)]
    for process in found:  # it grows meanwhile
        found += below.get(process.pid, [])
    return found


def _threads() -> dict[int, float]:
    """The processor time of each thread of this process."""
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}


def _seconds_in_line(process: int) -> float:
    """What a process has waited for processors so far; 0 where the system does not tell (Linux does)."""
    with suppress(OSError, ValueError, IndexError), Path(f"/proc/{process}/schedstat").open("rb") as file:
        return int(file.read(64).split()[1]) / 1e9
    return 0.0
