"""Time in line for a processor is no work."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from runs.executors.base import Job
from runs.executors.processor import seconds_in_line
from runs.executors.python import close_all, run

TURNS = 6  # of a callable that keeps a processor busy, at once: more than there are processors to spare


def test_time_in_line_only_grows() -> None:
    before = seconds_in_line()
    until = time.process_time() + 0.01
    while time.process_time() < until:
        pass
    assert seconds_in_line() >= before >= 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who stands in line")
def test_work_that_shares_too_few_processors_counts_as_if_alone(tmp_path: Path, settings: Any) -> None:
    settings.PYTHON_CALLS = ["tests.runs.executors.calling"]

    def once(_: int) -> tuple[float, float]:
        began = time.monotonic()
        outcome = run(Job({"name": "python", "call": "test.busy", "arguments": {"seconds": 0.2}}, workspace=tmp_path))
        return outcome.worked_seconds or 0.0, time.monotonic() - began

    with ThreadPoolExecutor(TURNS) as threads:
        found = list(threads.map(once, range(TURNS)))
    close_all()
    for worked, took in found:
        assert 0.19 < worked <= took
        assert worked < 0.6, "each needs 0.2 s of a processor, however many share it"
