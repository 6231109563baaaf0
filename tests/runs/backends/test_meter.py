"""What subtasks use of the machine, measured on real processes and threads."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from runs.backends.meter import AtWork, Meter
from runs.executors.base import Job

BUSY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(64 << 20)\\nwhile True: pass'])"
PATIENCE = 30.0


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for one below it, which keeps a processor busy."""
    started = subprocess.Popen([sys.executable, "-c", BUSY])
    until = time.monotonic() + PATIENCE
    while not any(_worked(child) for child in psutil.Process(started.pid).children()):
        assert time.monotonic() < until
    yield started
    for process in [*psutil.Process(started.pid).children(recursive=True), psutil.Process(started.pid)]:
        process.kill()
    started.wait()


def _worked(process: psutil.Process) -> bool:
    return process.cpu_times().user > 0.05


def job(process: int = 0) -> Job:
    made = Job({})
    made.process = process
    return made


def use(meter: Meter, at_work: list[AtWork], seconds: float) -> dict[str, float | None]:
    """The share of processors from one read to the next, that much time apart by the processes' own clock."""
    since = time.monotonic()
    meter.read(at_work, since)
    spent = _spent()
    while _spent() - spent < seconds and time.monotonic() - since < PATIENCE:
        pass
    return {pool: found.cpu for pool, found in meter.read(at_work, time.monotonic()).items()}


def _spent() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system


def test_all_that_a_subtask_has_started_counts_for_its_pool(busy: subprocess.Popen[bytes]) -> None:
    meter, at_work = Meter(), [AtWork("bash/build", job(busy.pid), 0)]
    first = meter.read(at_work, time.monotonic())["bash"]
    assert first.cpu is None
    assert first.memory is not None
    assert 0 < first.memory < 1
    cpu = use(meter, at_work, 0.3)["bash"]
    assert cpu is not None
    assert 0.02 < cpu <= 1.1


def test_who_has_no_process_is_measured_by_its_thread_and_has_no_memory_of_its_own() -> None:
    at_work = [AtWork("codebase", job(), threading.get_native_id()), AtWork("web", job(), 1)]
    found = use(Meter(), at_work, 0.3)
    assert found["codebase"] is not None
    assert found["codebase"] > 0.02
    assert found["web"] == 0.0
    assert Meter().read(at_work, 1.0)["codebase"].memory is None


def test_a_process_that_has_ended_is_nobody() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    found = Meter().read([AtWork("bash", job(ended.pid), 0)], 1.0)["bash"]
    assert (found.cpu, found.memory) == (None, None)


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the system does not tell")  # noqa: PTH110
def test_time_in_line_for_a_processor_is_told_to_the_job(busy: subprocess.Popen[bytes]) -> None:
    """Two that must share one processor: each waits about half of the time."""
    processor = {min(os.sched_getaffinity(0))}
    (child,) = psutil.Process(busy.pid).children()
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for number in (child.pid, other.pid):
            os.sched_setaffinity(number, processor)
        measured = job(busy.pid)
        meter, until = Meter(), time.monotonic() + PATIENCE
        while measured.waited_seconds < 0.1 and time.monotonic() < until:
            meter.read([AtWork("bash", measured, 0)], time.monotonic())
        assert measured.waited_seconds >= 0.1
    finally:
        other.kill()
        other.wait()
