"""What a run says of itself when it was one at a time: live, in the counters that everybody reads."""

from typing import Any

import pytest

from runs import queries
from runs.making import freeze, planned
from runs.models import Run
from tests.runs.acting import Stage
from tests.runs.factories import Outline, Work, work


def told(made: Work) -> dict[str, Any]:
    found = queries.snapshot(made.run_id, made.now)
    return {name: found[name] for name in ("verdict", "verdict_reason", "verdict_cure", "agents_peak")}


def kept(stage: Stage, outline: Outline) -> Work:
    """A run that has kept its plan, like every one that was started."""
    made = stage.run(outline)
    todo = made.run.todo
    assert todo
    Run.objects.update(**planned.run_of(freeze.plan_of(todo), "parallel", 4, barriers=False))
    return made


def test_a_chain_ran_serial_and_says_so(stage: Stage) -> None:
    made = kept(stage, {"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}})
    stage.end(made, "a", "b")
    assert told(made)["verdict_reason"] is None
    stage.end(made, "c")
    found = told(made)
    assert (found["verdict"], found["agents_peak"]) == ("ran serial", 1)
    assert "a chain of dependencies: 100 % of the work" in found["verdict_reason"]
    assert "depends_on" in found["verdict_cure"]


def test_a_lock_on_one_file_is_named(stage: Stage) -> None:
    claim = {"resources_known": True, "claims": [{"kind": "file", "name": "src/app.py", "mode": "write"}]}
    made = kept(stage, dict.fromkeys("abc", claim))
    stage.end(made, "a", "b", "c")
    assert told(made)["verdict_reason"] == "a lock: 3 of 3 subtasks claim file src/app.py"


def test_a_share_that_leaves_room_for_one_is_a_lock(stage: Stage) -> None:
    claim = {"resources_known": True, "claims": [{"kind": "database", "name": "main", "amount": 6}]}
    made = kept(stage, dict.fromkeys("abc", claim))
    stage.end(made, "a", "b", "c")
    assert told(made)["verdict_reason"] == "a lock: 3 of 3 subtasks claim database main"


def test_subtasks_that_run_alone_are_counted(stage: Stage) -> None:
    made = kept(stage, {key: {"parallelizable": False} for key in "abc"})
    stage.end(made, "a", "b", "c")
    assert told(made)["verdict_reason"] == "3 of 3 subtasks are `parallelizable: false`"


def test_work_that_was_at_once_did_not_run_serial(stage: Stage) -> None:
    made = kept(stage, {key: {} for key in "abc"})
    stage.wait_for("a", "b", "c")
    stage.end(made, "a", "b", "c")
    found = told(made)
    assert (found["verdict_reason"], found["agents_peak"], made.run.overlapped) == (None, 3, 2)


def test_quick_work_of_several_seats_was_at_once(stage: Stage) -> None:
    made = kept(stage, {f"q{at}": {"executor": {"name": "simulate", "seconds": 0}} for at in range(300)})
    stage.until(lambda: made.run.status == "completed")
    assert told(made)["verdict"] != "ran serial"
    assert made.run.peak_open == 4


@pytest.mark.django_db
def test_an_agent_that_makes_one_call_a_turn_is_told_how_to_make_more() -> None:
    made = work({key: {"executor": None} for key in "abcd"}, backend="tracked")
    made.sweep()
    for key in "abcd":
        made.do(key)
        made.sweep()
    found = told(made)
    assert "one call a turn" in found["verdict_reason"]
    assert "all in one message" in found["verdict_cure"]
