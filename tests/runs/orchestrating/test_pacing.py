"""Agents that slow each other down become fewer, in live runs: measured, recorded, shown, and taken back."""

from typing import Any

import pytest

from runs import queries
from runs.executors.base import Outcome
from runs.models import Event
from tests.runs.acting import Puppet, Stage
from tests.runs.factories import Work, violations


def run(stage: Stage, count: int = 40, **more: Any) -> Work:
    return stage.run({f"t{at:02}": {} for at in range(count)}, **{"adaptive": True, "max_agents": 4} | more)


def end(stage: Stage, made: Work, count: int, *, slowdown: float) -> None:
    """Ends so many that took so many times as long as they would have taken alone."""
    for _ in range(count):
        stage.pass_time(3)
        key = min(stage.puppet.busy)
        started = made.attempt(key).started_at
        assert started
        took = (stage.clock() - started).total_seconds()
        stage.puppet.finish(key, Outcome({}, worked_seconds=took / slowdown))
        stage.until(lambda key=key: made.status(key) == "completed")  # type: ignore[misc]
        settle(stage, made)


def settle(stage: Stage, made: Work) -> None:
    opened = set(made.run.subtasks.filter(status="in_progress").values_list("key", flat=True))
    stage.wait_for(*opened)


def steps(made: Work) -> list[tuple[str, int, int]]:
    events = Event.objects.filter(run=made.run_id, kind__startswith="agents_").order_by("seq")
    return [(event.kind, event.data["from"], event.data["to"]) for event in events if event.data]


def test_agents_that_slow_each_other_down_become_fewer_and_the_run_says_so(stage: Stage, puppet: Puppet) -> None:
    made = run(stage)
    settle(stage, made)
    assert len(puppet.busy) == 4
    end(stage, made, 4, slowdown=1.5)
    stage.pass_time(1)
    assert steps(made) == [("agents_narrowed", 4, 3)]
    found = queries.snapshot(made.run_id, made.now)
    assert (found["agents_allowed"], found["max_agents"]) == (3, 4)
    assert found["agents_slowdown"] == pytest.approx(1.5)
    assert violations(made.now) == []


def test_a_run_that_was_not_asked_to_stays_as_it_is(stage: Stage) -> None:
    made = run(stage, adaptive=False)
    settle(stage, made)
    end(stage, made, 6, slowdown=1.5)
    stage.pass_time(1)
    assert (steps(made), made.run.agents_allowed) == ([], None)


def test_a_run_takes_its_agents_back_when_it_has_passed(stage: Stage) -> None:
    made = run(stage)
    settle(stage, made)
    end(stage, made, 4, slowdown=1.5)
    stage.pass_time(1)
    end(stage, made, 13, slowdown=1.0)
    stage.pass_time(1)
    assert steps(made) == [("agents_narrowed", 4, 3), ("agents_widened", 3, 4)]
    assert made.run.agents_allowed is None
    settle(stage, made)
    stage.until(lambda: made.run.in_progress == 4)
