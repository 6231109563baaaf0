import time
from pathlib import Path
from threading import Timer

import pytest

from runs.executors import simulate
from runs.executors.base import Failed, Job, Stop, Stopped


def job(workspace: Path, attempts_used: int = 1, **spec: object) -> Job:
    return Job({"name": "simulate", **spec}, workspace=workspace, attempts_used=attempts_used)


def test_it_takes_as_long_as_it_is_told_to(tmp_path: Path) -> None:
    began = time.monotonic()
    assert simulate.run(job(tmp_path, seconds=0.1)).result == {"seconds": 0.1}
    assert 0.1 <= time.monotonic() - began < 5
    assert simulate.run(job(tmp_path)).result == {"seconds": 0}


def test_it_fails_as_often_as_it_is_told_to(tmp_path: Path) -> None:
    for tries in (1, 2):
        with pytest.raises(Failed, match=f"simulated failure {tries} of 2"):
            simulate.run(job(tmp_path, tries, fail_times=2))
    assert simulate.run(job(tmp_path, 3, fail_times=2)).result == {"seconds": 0}


def test_it_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    under_way, began = job(tmp_path, seconds=60), time.monotonic()
    asking = Timer(0.05, under_way.stop, [Stop.CANCEL])
    asking.start()
    with pytest.raises(Stopped):
        simulate.run(under_way)
    asking.join()
    assert time.monotonic() - began < 10
