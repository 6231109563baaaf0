"""Several subtasks at once: cancelled together, or tried again without the others."""

from typing import Any

import pytest

from runs import actions
from runs.models import Run
from runs.steering import picked
from tests.runs.factories import Clock, Work, dump, todo, violations
from todos.models import Todo
from todos.problems import Conflict, Invalid

pytestmark = pytest.mark.django_db


def started(tree: dict[str, Any], **options: Any) -> Work:
    run = actions.start(todo(tree), actions.Options(strategy="parallel", **options))
    return Work(run.pk, Clock(run.updated_at))


def statuses(run: Run) -> dict[str, str]:
    return dict(run.subtasks.values_list("key", "status"))


@pytest.fixture
def halfway() -> Run:
    """a and b are done; c needs b, e needs d, f nothing: none of these was done."""
    made = started({"a": {}, "b": {}, "c": {"needs": ["b"]}, "d": {}, "e": {"needs": ["d"]}, "f": {}})
    for key in "ab":
        made.do(key, result={"of": key})
    actions.cancel(made.run_id)
    made.sweep()
    return made.run


# ---- cancelling ----


def test_those_that_were_picked_are_cancelled_together_and_what_needs_them_is_skipped() -> None:
    made = started({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "d": {}}, max_agents=2)
    assert picked.cancel(made.run_id, ["a", "b"]) == 2
    assert statuses(made.run) == {"a": "cancelled", "b": "cancelled", "c": "skipped", "d": "pending"}
    assert violations(made.now) == []


def test_what_is_under_way_is_asked_to_stop_and_what_has_ended_stays_as_it_is() -> None:
    made = started({"a": {}, "b": {}, "c": {}})
    made.do("a")
    made.begin("b")
    assert picked.cancel(made.run_id, ["a", "b", "c"]) == 2
    assert statuses(made.run) == {"a": "completed", "b": "in_progress", "c": "cancelled"}
    assert made.subtask("b").cancel_requested_at is not None
    assert violations(made.now) == []


@pytest.mark.parametrize(("keys", "refused"), [([], Invalid), (["c", "nothing"], Invalid), (["a"], Conflict)])
def test_what_cannot_be_cancelled_is_refused_whole(keys: list[str], refused: type[Exception]) -> None:
    made = started({"a": {}, "b": {}, "c": {}})
    made.do("a")
    before = dump()
    with pytest.raises(refused):
        picked.cancel(made.run_id, keys)
    assert dump() == before


# ---- trying again ----


def test_those_that_were_picked_are_tried_again_with_what_they_need_and_no_others(halfway: Run) -> None:
    assert actions.would_retry(halfway, ["c", "e"]) == (5, 2)
    again = actions.retry(halfway, only=["c", "e"])
    assert again.retry_of_id == halfway.pk
    assert statuses(again) == {"a": "completed", "b": "completed", "c": "pending", "d": "pending", "e": "pending"}
    assert (again.total, again.blocked) == (5, 1)
    assert violations(again.created_at) == []


def test_what_was_completed_is_done_again_when_it_was_picked(halfway: Run) -> None:
    again = actions.retry(halfway, only=["a"])
    assert statuses(again) == {"a": "pending", "b": "completed"}
    assert violations(again.created_at) == []


def test_what_is_put_together_of_others_than_those_is_left_out() -> None:
    listed = {"kind": "concatenate"}
    parts = {"x": {"parent": "p"}, "y": {"parent": "p"}, "z": {"parent": "q"}}
    made = started({"p": {"aggregate": listed}, "q": {"aggregate": listed}, **parts})
    actions.cancel(made.run_id)
    made.sweep()
    again = actions.retry(made.run, only=["x", "z"])
    assert list(again.aggregates.values_list("key", flat=True)) == ["q"]
    assert violations(again.created_at) == []


def test_what_is_no_part_of_the_todo_any_more_is_refused(halfway: Run) -> None:
    assert halfway.todo is not None
    Todo.objects.get(root=halfway.todo, key="f").delete()
    with pytest.raises(Invalid, match="f is no part of the todo any more"):
        actions.retry(halfway, only=["c", "f"])
