"""Approvals: asked when their time has come, at no cost to any agent, ended by an answer, a cancel or their time."""

from datetime import timedelta

import pytest

from runs import actions, transitions
from runs.models import Attempt
from runs.orchestrating import orchestrator
from runs.steering import answering
from tests.runs.acting import Stage
from tests.runs.factories import Outline, Work, at_once, violations
from todos.problems import Conflict, Missing

ASK = {"executor": {"name": "approval", "question": "Ship it?"}}
SHIP = {"build": {}, "ok": {"needs": ["build"]} | ASK, "ship": {"needs": ["ok"]}, "docs": {}}


def asked(stage: Stage, **columns: object) -> Work:
    """Built, and the question has been put; the docs are under way in the only seat of the run."""
    made = stage.run(SHIP, max_agents=1, **columns)
    stage.end(made, "build")
    stage.wait_for("docs")
    assert made.status("ok") == "in_progress"
    return made


def answer(stage: Stage, made: Work, approve: bool, text: str = "") -> None:
    answering.answer(made.run_id, "ok", approve=approve, text=text, by="user:1")
    stage.look_at(made)


def test_a_question_waits_beside_the_work_and_takes_no_seat(stage: Stage) -> None:
    made = asked(stage)
    run, attempt = made.run, made.attempt("ok")
    assert (attempt.waits_for, attempt.agent.name, attempt.status) == ("person", "person", "running")
    assert (run.asking, run.in_progress, run.open_query + run.open_execute, run.agents_active) == (1, 2, 1, 1)
    assert "ok" not in stage.puppet.begun


def test_a_yes_completes_it_and_what_depends_on_it_starts(stage: Stage) -> None:
    made = asked(stage)
    stage.pass_time(100)
    answer(stage, made, True, "go")
    assert made.subtask("ok").result == {"approved": True, "text": "go", "by": "user:1"}
    stage.end(made, "docs", "ship")
    run = made.run
    assert (run.status, run.asking) == ("completed", 0)
    assert run.busy_ended == pytest.approx(100)  # of the docs; nobody was busy with the question


def test_a_no_fails_it_for_good_and_what_depends_on_it_is_skipped(stage: Stage) -> None:
    made = asked(stage)
    answer(stage, made, False, "not today")
    assert (made.status("ok"), made.subtask("ok").error, made.status("ship")) == (
        "failed",
        "not approved: not today",
        "skipped",
    )
    assert made.attempt("ok").partial_result == {"approved": False, "text": "not today", "by": "user:1"}
    stage.end(made, "docs")
    assert made.run.status == "failed"


def test_the_second_answer_is_refused_and_changes_nothing(stage: Stage) -> None:
    made = asked(stage)
    answer(stage, made, True)
    for approve in (True, False):
        with pytest.raises(Conflict) as refused:
            answering.answer(made.run_id, "ok", approve=approve, text="", by="user:2")
        assert refused.value.current == "completed"
    assert (made.subtask("ok").result or {})["by"] == "user:1"


def test_only_what_asks_can_be_answered(stage: Stage) -> None:
    made = asked(stage)
    for key, current in (("docs", "in_progress"), ("ship", "pending")):
        with pytest.raises(Conflict) as refused:
            answering.answer(made.run_id, key, approve=True, text="", by="user:1")
        assert refused.value.current == current
    with pytest.raises(Missing):
        answering.answer(made.run_id, "nothing", approve=True, text="", by="user:1")
    with pytest.raises(Missing):
        answering.answer(0, "ok", approve=True, text="", by="user:1")


def test_no_heartbeat_is_missed_and_a_restart_changes_nothing(stage: Stage) -> None:
    made = asked(stage)
    stage.end(made, "docs")
    stage.pass_time(60)
    orchestrator.recover(stage.clock())
    stage.look_at(made)
    assert (made.status("ok"), Attempt.objects.filter(subtask=made.subtask("ok")).count()) == ("in_progress", 1)
    answer(stage, made, True)
    stage.end(made, "ship")


def test_what_nobody_answers_in_time_fails_and_is_not_asked_again(stage: Stage) -> None:
    made = stage.run({"ok": ASK | {"timeout_seconds": 20, "max_retries": 5}, "ship": {"needs": ["ok"]}})
    stage.pass_time(19)
    assert made.status("ok") == "in_progress"
    stage.pass_time(2)
    assert (made.status("ok"), made.subtask("ok").error) == ("failed", "nobody answered in time")
    assert (made.attempt("ok").status, made.status("ship"), made.run.status) == ("timed_out", "skipped", "failed")


def test_a_person_has_a_week_unless_somebody_said_otherwise(stage: Stage) -> None:
    made = stage.run({"ok": ASK})
    attempt = made.attempt("ok")
    assert attempt.deadline_at == attempt.leased_at + timedelta(days=7)


def test_a_cancel_takes_the_question_back_at_once(stage: Stage) -> None:
    made = asked(stage)
    with made.entry() as entry:
        transitions.request_cancel(entry)
    stage.puppet.finish("docs")
    stage.pass_time(2)
    assert (made.status("ok"), made.run.stopping) == ("cancelled", 0)


@pytest.mark.parametrize("ship", [{"ship": {"needs": ["ok"]}}, {}], ids=["with more to do", "as the last thing"])
def test_the_first_failure_takes_the_question_back_where_it_ends_the_run(stage: Stage, ship: Outline) -> None:
    made = stage.run({"ok": ASK, "docs": {"max_retries": 0}, **ship}, fail_fast=True)
    stage.puppet.fail("docs")
    stage.until(lambda: made.status("docs") == "failed")
    stage.pass_time(2)
    assert (made.status("ok"), made.run.asking, made.run.stopping) == ("cancelled", 0, 0)
    assert (made.run.status, made.run.end_reason) == ("failed", "fail_fast")
    with pytest.raises(Conflict):
        answering.answer(made.run_id, "ok", approve=True, text="", by="user:1")


def test_without_being_told_to_stop_a_run_goes_on_asking(stage: Stage) -> None:
    made = stage.run({"ok": ASK, "docs": {"max_retries": 0}})
    stage.puppet.fail("docs")
    stage.until(lambda: made.status("docs") == "failed")
    stage.pass_time(2)
    assert (made.status("ok"), made.run.status) == ("in_progress", "running")
    answer(stage, made, True)


def test_the_question_alone_can_be_cancelled(stage: Stage) -> None:
    made = asked(stage)
    with made.entry() as entry:
        assert not transitions.cancel_one(entry, made.subtask("ok").pk, "it was cancelled")
        transitions.request_stop(entry, made.subtask("ok").pk)
    stage.pass_time(2)
    assert (made.status("ok"), made.status("ship"), made.status("docs")) == ("cancelled", "skipped", "in_progress")


def test_a_paused_run_asks_nothing_new(stage: Stage) -> None:
    made = stage.run(SHIP)
    stage.wait_for("build", "docs")
    actions.pause(made.run_id)
    stage.end(made, "build")
    assert made.status("ok") == "pending"
    actions.resume(made.run_id)
    stage.look_at(made)
    assert made.status("ok") == "in_progress"


def test_one_that_claims_and_must_be_alone_keeps_nobody_from_anything(stage: Stage) -> None:
    claim = {"resources_known": True, "claims": [{"kind": "file", "name": "src/**"}]}
    made = stage.run({"ok": ASK | claim | {"parallelizable": False}, "work": claim})
    stage.wait_for("work")
    assert (made.status("ok"), made.run.claiming, made.run.open_alone) == ("in_progress", 1, 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(stage: Stage) -> None:
    made = stage.run({"ok": ASK})

    def say(approve: bool) -> bool:
        try:
            answering.answer(made.run_id, "ok", approve=approve, text="", by="user:1")
        except Conflict:
            return False
        return True

    assert sorted(at_once(lambda: say(True), lambda: say(False))) == [False, True]
    assert violations(stage.clock()) == []
