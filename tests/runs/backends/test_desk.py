"""The desk of a Celery worker: which ends it writes together."""

import threading
from typing import Any, cast

import pytest

from runs.backends.worker import Desk
from runs.executors.base import Job, Stop
from runs.reports import Report, Said, Verdict
from runs.slips import Slip


def end(attempt: int) -> Slip:
    return Slip(1, Report(Said.COMPLETE, 1, attempt, 1))


def desk(*begun: int) -> Desk:
    """One that has just given these out, by a clock that stands."""
    made = Desk(steady=lambda: 0.0)
    made._begun, made._back_by = set(begun), 10.0
    return made


def attempts(batch: list[Slip]) -> list[int]:
    return [slip.report.attempt for slip in batch if slip.report]


def test_what_was_just_given_out_is_waited_for_so_that_all_is_written_together() -> None:
    one, taken = desk(7, 8), threading.Event()

    def later() -> None:
        while not one._slips.empty():
            taken.wait(0.001)
        one._slips.put(end(8))

    for slip in (end(1), end(7)):
        one._slips.put(slip)
    thread = threading.Thread(target=later)
    thread.start()
    assert attempts(one._take()) == [1, 7, 8]
    thread.join()


def test_nobody_is_waited_for_who_was_given_nothing() -> None:
    one = desk()
    one._slips.put(end(1))
    assert attempts(one._take()) == [1]


def test_who_takes_longer_is_not_waited_for() -> None:
    one = desk(7)
    one._back_by = 0.0
    one._slips.put(end(1))
    assert attempts(one._take()) == [1]


@pytest.mark.parametrize(("said", "stops"), [(Said.START, False), (Said.BEAT, True), (Said.RELEASE, True)])
def test_a_message_that_comes_twice_stops_nobody_and_an_attempt_that_is_over_is_stopped(
    said: Said, stops: bool
) -> None:
    one, job = desk(), Job({"name": "simulate"})
    one._doing[7] = (1, cast(Any, None), job)
    one._committed([Slip(1, Report(said, 1, 7, 1, verdict=Verdict.REFUSED))], [])
    assert (job.stopping is Stop.CANCEL) is stops


def test_where_nothing_waits_nobody_is_waited_for() -> None:
    one = desk(7)
    one._next_sweep = 0.0
    assert one._take() == []
