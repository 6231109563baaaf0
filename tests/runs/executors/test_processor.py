"""Time in line for a processor is no work."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from runs.executors.base import Job
from runs.executors.processor import seconds_in_line
from runs.executors.python import close_all, run

TURNS = 4  # of a callable that keeps a processor busy, at once


def test_time_in_line_only_grows() -> None:
    before = seconds_in_line()
    until = time.process_time() + 0.01
    while time.process_time() < until:
        pass
    assert seconds_in_line() >= before >= 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who stands in line")
def test_a_thread_that_has_ended_leaves_no_file_open() -> None:
    seconds_in_line()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(8):
        thread = threading.Thread(target=seconds_in_line)
        thread.start()
        thread.join()
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 8


@pytest.fixture
def one_processor() -> Iterator[None]:
    """For this thread, and for all that begins in it."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who stands in line")
@pytest.mark.usefixtures("one_processor")
def test_work_that_shares_a_processor_counts_as_if_alone(tmp_path: Path, settings: Any) -> None:
    settings.PYTHON_CALLS = ["tests.runs.executors.calling"]

    def once(_: int) -> tuple[float, float]:
        began = time.monotonic()
        outcome = run(Job({"name": "python", "call": "test.busy", "arguments": {"seconds": 0.2}}, workspace=tmp_path))
        return outcome.worked_seconds or 0.0, time.monotonic() - began

    close_all()  # helpers of other tests have all processors
    with ThreadPoolExecutor(TURNS) as threads:
        found = list(threads.map(once, range(TURNS)))
    close_all()
    for worked, took in found:
        assert 0.19 < worked <= took
    worked, took = (sum(seconds) for seconds in zip(*found, strict=True))
    assert worked < took / 2, f"{TURNS} share a processor: what is not work is most of the time"
