"""Rollbacks: what was completed last is undone first, each once, as a run of its own."""

from typing import Any

import pytest
from django.db import transaction

from runs import actions
from runs.models import Attempt, Event, Run, Subtask
from runs.steering import undoing
from runs.verify import undone, verify
from tests.runs.acting import Stage
from tests.runs.factories import NOW, Work, at_once, violations
from todos.models import Todo
from todos.problems import Conflict

UNDO: dict[str, Any] = {"rollback": {"name": "puppet", "undo": True}, "max_retries": 0}


def ended(stage: Stage, **columns: object) -> Work:
    """`a`, `b` and `c` are done, `b` the last of them; `c` cannot be undone, `d` failed."""
    made = stage.run({"a": UNDO, "b": UNDO, "c": {}, "d": UNDO}, **columns)
    for key in "acb":
        stage.pass_time(1)
        stage.end(made, key)
    stage.puppet.fail("d", retryable=False)
    stage.until(lambda: made.run.status == "failed")
    return made


def undo(stage: Stage, made: Work) -> Work:
    run = undoing.rollback(made.run)
    found = Work(run.pk, stage.clock)
    stage.look_at(found)
    return found


def keys(made: Work) -> list[str]:
    return list(Subtask.objects.filter(run=made.run_id).order_by("position").values_list("key", flat=True))


def test_what_was_completed_last_is_undone_first(stage: Stage) -> None:
    made = ended(stage)
    back = undo(stage, made)
    assert keys(back) == ["b", "a"]
    stage.wait_for("b")
    assert (back.status("a"), stage.puppet.jobs["b"].spec) == ("pending", UNDO["rollback"])
    stage.end(back, "b", "a")
    run = back.run
    assert (run.status, run.rollback_of_id, run.content, run.max_agents) == (
        "completed",
        made.run_id,
        made.run.content,
        1,
    )


def test_nothing_is_undone_twice(stage: Stage) -> None:
    made = ended(stage)
    back = undo(stage, made)
    with pytest.raises(Conflict, match="which has not ended"):
        undoing.rollback(made.run)
    stage.end(back, "b", "a")
    with pytest.raises(Conflict, match="nothing to undo"):
        undoing.rollback(made.run)
    assert Run.objects.filter(rollback_of=made.run_id).count() == 1


def test_a_rollback_of_a_todo_that_was_deleted_is_not_begun_twice_either(stage: Stage) -> None:
    made = ended(stage)
    Todo.objects.all().delete()
    back = undo(stage, made)
    with pytest.raises(Conflict, match="being rolled back"):
        undoing.rollback(made.run)
    stage.end(back, "b", "a")


def test_one_that_fails_ends_it_and_the_next_rollback_begins_after_it(stage: Stage) -> None:
    made = ended(stage)
    back = undo(stage, made)
    stage.puppet.fail("b")
    stage.until(lambda: back.run.status == "failed")
    assert (back.status("a"), Attempt.objects.filter(run=back.run_id).count()) == ("skipped", 1)
    rest = undo(stage, made)
    assert keys(rest) == ["a"]
    stage.end(rest, "a")
    with pytest.raises(Conflict, match="nothing to undo"):
        undoing.rollback(made.run)


def test_one_that_is_lost_is_not_begun_again(stage: Stage) -> None:
    made = ended(stage)
    back = undo(stage, made)
    stage.wait_for("b")
    Attempt.objects.filter(run=back.run_id).update(lease_expires_at=stage.clock())
    stage.pass_time(1)
    assert (back.attempt("b").status, back.status("b"), back.run.status) == ("lost", "failed", "failed")
    stage.puppet.finish("b")


def test_a_run_under_way_is_not_rolled_back(stage: Stage) -> None:
    made = stage.run({"a": UNDO})
    with pytest.raises(Conflict, match="has not ended"):
        undoing.rollback(made.run)
    stage.end(made, "a")


def test_what_is_undone_is_to_be_done_again(stage: Stage) -> None:
    made = ended(stage)
    stage.end(undo(stage, made), "b", "a")
    assert dict(Todo.objects.exclude(parent=None).values_list("key", "status")) == {
        "a": "pending",
        "b": "pending",
        "c": "completed",
        "d": "failed",
    }
    again = actions.retry(made.run)
    assert list(Subtask.objects.filter(run=again, status="completed").values_list("key", flat=True)) == ["c"]


def test_what_was_carried_over_is_for_the_run_that_did_it_to_undo(stage: Stage) -> None:
    made = ended(stage)
    again = Work(actions.retry(made.run).pk, stage.clock)
    stage.look_at(again)
    stage.end(again, "d")
    assert keys(undo(stage, again)) == ["d"]
    stage.puppet.finish("d")


def test_a_rollback_is_not_tried_again_nor_measured(stage: Stage) -> None:
    back = undo(stage, ended(stage))
    stage.end(back, "b", "a")
    for again in (actions.retry, actions.baseline):
        with pytest.raises(Conflict, match="is a rollback"):
            again(back.run)


def test_it_holds_what_the_way_there_held(stage: Stage) -> None:
    claim = {"kind": "file", "name": "src/**"}
    made = stage.run({"a": UNDO | {"resources_known": True, "claims": [claim]}})
    stage.end(made, "a")
    back = undo(stage, made)
    stage.wait_for("a")
    assert (back.subtask("a").claims, back.run.claiming) == ([claim | {"mode": "write", "amount": 1}], 1)
    stage.end(back, "a")


@pytest.mark.django_db(transaction=True)
def test_of_two_rollbacks_at_once_one_is_made(stage: Stage) -> None:
    made = ended(stage)

    def make() -> bool:
        try:
            undoing.rollback(made.run)
        except Conflict:
            return False
        return True

    assert sorted(at_once(make, make)) == [False, True]
    Run.objects.filter(rollback_of=made.run_id).delete()


def test_verify_finds_what_is_undone_twice_or_out_of_turn(stage: Stage) -> None:
    made = ended(stage)
    back = undo(stage, made)
    stage.end(back, "b", "a")
    assert violations(NOW) == []
    found: set[str] = set()
    for damage in (
        lambda: Attempt.objects.filter(pk=back.attempt("a").pk).update(subtask=back.subtask("b"), epoch=2),
        lambda: Subtask.objects.filter(run=made.run_id, key="a").update(finished_at=stage.clock.advance(100)),
        lambda: Subtask.objects.filter(run=made.run_id, key="a").update(status="failed"),
    ):
        with transaction.atomic():
            damage()  # type: ignore[no-untyped-call]
            here = {finding.says for finding in verify(None, stage.clock()) if finding.count and finding.id == "I26"}
            assert len(here) == 1
            found |= here
            transaction.set_rollback(True)
    assert found == {check.says for check in undone.CHECKS}
    assert Event.objects.filter(run=back.run_id, kind="run_completed").count() == 1
