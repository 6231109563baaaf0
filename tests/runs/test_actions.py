"""What can be done to runs: which can be made, what is carried over, what can be steered, and what is refused."""

from typing import Any

import pytest

from runs import actions, loop
from runs.actions import Options
from runs.models import Event, Run
from runs.reports import Said
from tests.runs.factories import Clock, Work, dump, todo, violations
from todos.models import Todo
from todos.problems import Conflict, Missing

pytestmark = pytest.mark.django_db


def started(top: Todo, **options: Any) -> Work:
    run = actions.start(top, Options(**options))
    return Work(run.pk, Clock(run.updated_at))


def done(made: Work, *keys: str) -> None:
    """Completes these, each with a result of its own."""
    for key in keys:
        made.do(key, result={"of": key})


def ended(made: Work) -> Run:
    actions.cancel(made.run_id)
    with made.entry() as entry:
        loop.run_pass(entry, None)
    return made.run


def results(run: Run) -> dict[str, Any]:
    """Of what is completed in a run, by key."""
    return dict(run.subtasks.filter(status="completed").values_list("key", "result"))


# ---- making one ----


def test_a_todo_without_parts_is_one_subtask() -> None:
    made = started(todo({}))
    assert list(made.run.subtasks.values_list("key", "content")) == [("main", "Review the code base")]
    assert violations(made.now) == []


def test_a_part_of_a_tree_can_be_run_by_itself() -> None:
    top = todo({"p": {}, "a": {"parent": "p"}, "b": {"parent": "p", "needs": ["a"]}, "c": {"needs": ["b"]}})
    made = started(Todo.objects.get(root=top, key="p"))
    assert list(made.run.subtasks.values_list("key", "unmet")) == [("a", 0), ("b", 1)]


@pytest.mark.parametrize(("first", "second"), [("top", "p"), ("p", "top"), ("a", "p"), ("p", "a"), ("top", "top")])
def test_what_is_in_a_run_is_in_no_other_nor_is_anything_above_or_below_it(first: str, second: str) -> None:
    top = todo({"p": {}, "a": {"parent": "p"}})
    found = {"top": top, **{one.key: one for one in Todo.objects.filter(root=top)}}
    run = started(found[first]).run
    before = dump()
    with pytest.raises(Conflict, match=f"in run {run.pk}") as refused:
        actions.start(found[second], Options())
    assert refused.value.current == "pending"
    assert dump() == before


def test_what_is_completed_is_carried_over_with_its_last_result_and_lets_others_start() -> None:
    top = todo({"a": {}, "b": {"needs": ["a"]}, "c": {}})
    first = started(top)
    done(first, "a")
    ended(first)
    Todo.objects.filter(root=top, key="a").update(status="completed")
    Todo.objects.filter(root=top, key="c").update(status="completed")  # by hand: it has found nothing
    again = started(top)
    assert results(again.run) == {"a": {"of": "a"}, "c": None}
    assert (again.subtask("b").unmet, again.run.completed, again.run.pending) == (0, 2, 1)
    assert Event.objects.filter(run=again.run_id, kind="carried_over").count() == 2
    assert violations(again.now) == []


def test_when_all_is_completed_all_is_done_again() -> None:
    top = todo({"a": {}, "b": {}})
    Todo.objects.filter(root=top).update(status="completed")
    run = started(top).run
    assert (run.completed, run.pending) == (0, 2)


# ---- once more ----


def test_a_retry_carries_over_what_was_completed_and_is_linked() -> None:
    made = started(todo({"a": {}, "b": {"needs": ["a"]}}), max_agents=3, fail_fast=True, strategy="parallel")
    done(made, "a")
    run = ended(made)
    again = actions.retry(run)
    assert (again.retry_of_id, again.max_agents, again.fail_fast) == (run.pk, 3, True)
    assert results(again) == {"a": {"of": "a"}}
    assert (again.pending, again.blocked) == (1, 0)


def test_a_retry_leaves_out_what_was_deleted_meanwhile_and_takes_in_what_was_added() -> None:
    top = todo({"a": {}, "b": {}})
    made = started(top)
    done(made, "a")
    run = ended(made)
    Todo.objects.get(root=top, key="a").delete()
    Todo.objects.create(owner=top.owner, root=top, parent=top, key="new", content="new", position=9)
    again = actions.retry(run)
    assert list(again.subtasks.values_list("key", "status")) == [("b", "pending"), ("new", "pending")]


def test_a_baseline_does_all_again_one_after_the_other() -> None:
    made = started(todo({"a": {}, "b": {}}), max_agents=3)
    done(made, "a")
    run = ended(made)
    found = actions.baseline(run)
    assert (found.baseline_of_id, found.strategy, found.max_agents) == (run.pk, "sequential", 1)
    assert (found.completed, found.pending) == (0, 2)


@pytest.mark.parametrize("verb", [actions.retry, actions.baseline])
def test_a_run_is_not_repeated_before_it_has_ended_nor_without_its_todo_nor_twice_at_once(verb: Any) -> None:
    top = todo({"a": {}, "b": {}})
    made = started(top)
    with pytest.raises(Conflict, match="has not ended"):
        verb(made.run)
    run = ended(made)
    again = verb(run)
    with pytest.raises(Conflict, match=f"in run {again.pk}"):
        verb(run)
    Run.objects.filter(pk=again.pk).update(status="cancelled")
    top.delete()
    before = dump()
    with pytest.raises(Conflict, match="was deleted"):
        verb(Run.objects.get(pk=run.pk))
    assert dump() == before


# ---- steering ----


def test_a_run_that_is_not_there_cannot_be_steered() -> None:
    for verb in (actions.pause, actions.resume, actions.cancel):
        with pytest.raises(Missing):
            verb(10**9)


def test_a_subtask_is_cancelled_at_once_while_it_waits_and_asked_to_stop_while_it_is_under_way() -> None:
    made = started(todo({"a": {}, "b": {"needs": ["a"]}, "c": {}}))
    lease = made.begin("a")
    assert actions.cancel_subtask(made.run_id, "c").status == "cancelled"
    asked = actions.cancel_subtask(made.run_id, "a")
    assert (asked.status, asked.cancel_requested_at is not None) == ("in_progress", True)
    made.say(Said.CANCEL, lease)
    assert (made.status("a"), made.status("b")) == ("cancelled", "skipped")
    assert violations(made.now) == []


def test_what_has_ended_or_was_asked_already_is_not_cancelled_again() -> None:
    made = started(todo({"a": {}, "b": {}}))
    done(made, "a")
    made.begin("b")
    actions.cancel_subtask(made.run_id, "b")
    before = dump()
    for key, status in {"a": "completed", "b": "in_progress"}.items():
        with pytest.raises(Conflict, match=status.replace("_", ".")) as refused:
            actions.cancel_subtask(made.run_id, key)
        assert refused.value.current == status
    with pytest.raises(Missing):
        actions.cancel_subtask(made.run_id, "no-such")
    assert dump() == before
