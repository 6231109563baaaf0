"""Paused time counts neither as elapsed nor against the speedup, and is shown by itself."""

import pytest

from runs import queries, transitions
from runs.models import Run
from runs.reports import Said
from tests.runs.acting import Stage
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Work:
    """Twenty seconds of work by two agents, then a pause that goes on."""
    there = work({"x": {}, "y": {}, "z": {}})
    there.sweep()
    leases = [there.begin("x"), there.begin("y", "agent-2")]
    there.clock.advance(20)
    for lease in leases:
        there.say(Said.COMPLETE, lease)
    with there.entry() as entry:
        transitions.move(entry, "pause")
    there.clock.advance(100)
    return there


def test_neither_elapsed_time_nor_speedup_counts_a_pause_that_goes_on(made: Work) -> None:
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["paused_seconds"], found["speedup"]) == (20, 100, 2)


def test_neither_counts_a_pause_that_is_over(made: Work) -> None:
    with made.entry() as entry:
        transitions.move(entry, "resume")
    made.clock.advance(5)
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["paused_seconds"], found["speedup"]) == (25, 100, 1.6)


def test_paused_time_that_was_not_is_found(made: Work) -> None:
    assert violations(NOW) == []
    Run.objects.update(paused_seconds=3)
    assert violations(NOW) == [f"I8 run {made.run_id} keeps 3.000000 paused seconds, and by its log there are 0.000000"]


def test_a_clock_that_is_set_back_behind_the_pause_makes_no_violation(made: Work) -> None:
    made.clock.advance(-103)
    made.sweep()
    assert Run.objects.get().updated_at == made.now
    assert violations(made.now) == []


def test_a_pause_that_began_earlier_is_found(made: Work) -> None:
    Run.objects.update(paused_at=NOW)
    assert violations(NOW) == [
        f"I8 run {made.run_id} keeps 20.000000 paused seconds, and by its log there are 0.000000"
    ]


def test_a_pause_that_was_forgotten_is_found(made: Work) -> None:
    with made.entry() as entry:
        transitions.move(entry, "resume")
    Run.objects.update(paused_seconds=0)
    assert violations(NOW) == [
        f"I8 run {made.run_id} keeps 0.000000 paused seconds, and by its log there are 100.000000"
    ]


def test_a_pause_is_no_overhead(stage: Stage) -> None:
    made = stage.run({"x": {}, "y": {"needs": ["x"]}}, max_agents=1)
    stage.wait_for("x")
    with made.entry() as entry:
        transitions.move(entry, "pause")
    stage.end(made, "x")
    stage.clock.advance(50)
    with made.entry() as entry:
        transitions.move(entry, "resume")
    stage.look_at(made)
    stage.wait_for("y")
    assert made.attempt("y").available_at == made.run.resumed_at == stage.clock()
    stage.end(made, "y")
    assert (made.run.overhead_sum, made.run.paused_seconds) == (0, 50)
