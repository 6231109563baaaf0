"""The end of an attempt, and what becomes of its subtask and of what depends on it."""

from datetime import timedelta
from typing import Any

import pytest

from runs import transitions
from runs.engine.retry import back_off
from runs.models import Event, RunAgent
from runs.reports import Output, Report, Said, Usage, digest
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def told(made: Work, kind: str) -> Any:
    return Event.objects.filter(run=made.run_id, kind=kind).latest("seq").data


# ---- done ----


def test_a_result_is_stored_with_its_digest() -> None:
    made = work({"x": {}})
    made.do("x", result={"b": [1, None], "a": "é"})
    row = made.subtask("x")
    assert (row.result, row.result_digest) == ({"b": [1, None], "a": "é"}, digest({"a": "é", "b": [1, None]}))
    assert told(made, "completed") == {"digest": row.result_digest}
    assert (row.status, row.progress, row.error, made.attempt("x").progress) == ("completed", 1, "", 1)


@pytest.mark.parametrize("result", [None, 0, False, "", [], {}, "a\nb", {"deep": [{"er": 1.5}]}])
def test_any_json_is_a_result_and_comes_back_as_it_was(result: Any) -> None:
    made = work({"x": {}})
    made.do("x", result=result)
    assert made.subtask("x").result == result
    assert violations(NOW) == []


def test_times_are_those_of_whoever_did_the_work() -> None:
    made = work({"x": {}})
    lease = made.lease("x")
    made.clock.advance(10)
    made.say(Said.COMPLETE, lease, started_at=NOW + seconds(2), at=NOW + seconds(9))
    assert (made.attempt("x").started_at, made.attempt("x").finished_at) == (NOW + seconds(2), NOW + seconds(9))
    assert made.subtask("x").finished_at == NOW + seconds(9)
    assert made.run.work_done == 7.0
    assert made.run.busy_ended == 9.0
    assert made.run.overhead_sum == 3.0  # two until it started, one until it was written down


@pytest.mark.parametrize(("told", "counts"), [(None, 10.0), (4.0, 4.0), (11.0, 10.0)])
def test_work_is_what_it_would_have_taken_alone_and_never_more_than_it_took(told: float | None, counts: float) -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(10)
    made.say(Said.COMPLETE, lease, worked_seconds=told)
    assert made.run.work_done == counts


@pytest.mark.parametrize("said", [Said.COMPLETE, Said.FAIL])
def test_work_that_nobody_said_had_started_began_with_its_lease(said: Said) -> None:
    made = work({"x": {}})
    lease = made.lease("x")
    made.clock.advance(4)
    made.say(said, lease)
    assert made.attempt("x").started_at == made.subtask("x").started_at == NOW


@pytest.mark.parametrize("said", [Said.RELEASE, Said.LOSE, Said.CANCEL])
def test_what_was_never_begun_has_no_start(said: Said) -> None:
    made = work({"x": {}})
    made.say(said, made.lease("x"))
    assert made.attempt("x").started_at is None


def test_usage_is_kept_with_the_attempt_and_added_to_the_run() -> None:
    made = work({"a": {}, "b": {}})
    made.do("a", usage=Usage(10, 20, 0.5))
    made.do("b", Said.FAIL, retryable=False, usage=Usage(1, 2, 0.25))
    attempt, run = made.attempt("b"), made.run
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost) == (1, 2, 0.25)
    assert (run.input_tokens, run.output_tokens, run.cost) == (11, 22, 0.75)


def test_what_was_printed_and_tried_is_kept_with_the_attempt() -> None:
    made = work({"x": {}})
    made.do(
        "x",
        Said.FAIL,
        error="the iteration limit was reached",
        partial_result={"so": "far"},
        warning="stopped after 10 iterations",
        iterations=10,
        output=Output(5, True, "d" * 64),
    )
    attempt = made.attempt("x")
    assert (attempt.partial_result, attempt.warning, attempt.iterations) == (
        {"so": "far"},
        "stopped after 10 iterations",
        10,
    )
    assert (attempt.output_bytes, attempt.output_truncated, attempt.output_digest) == (5, True, "d" * 64)
    assert attempt.error == made.subtask("x").error == "the iteration limit was reached"


def test_an_agents_work_is_counted_where_it_was_done() -> None:
    made = work({"a": {}, "b": {}, "c": {}})
    for key, said in (("a", Said.COMPLETE), ("b", Said.FAIL), ("c", Said.RELEASE)):
        lease = made.begin(key)
        made.clock.advance(2)
        made.say(said, lease)
    agent = RunAgent.objects.get(run=made.run_id)
    assert (agent.open, agent.completed, agent.unsuccessful, agent.busy_seconds) == (0, 1, 1, 6.0)


# ---- another try, or none ----


def test_a_failed_attempt_is_tried_again_after_a_while() -> None:
    made = work({"x": {}})
    made.do("x", Said.FAIL, error="no network", chance=0.5)
    row = made.subtask("x")
    assert (row.status, row.not_before, row.ready_at) == ("pending", NOW + seconds(0.75), NOW + seconds(0.75))
    assert (row.finished_at, row.progress, row.error) == (None, None, "no network")
    assert (made.run.retries, made.run.delayed, made.run.losses) == (1, 1, 0)
    assert told(made, "failed") == {"error": "no network", "not_before": (NOW + seconds(0.75)).isoformat()}


def test_every_further_try_waits_longer_and_the_last_one_is_alone() -> None:
    made = work({"x": {"max_retries": 2}})
    waits, began = [], []
    for _ in range(3):
        made.do("x", Said.FAIL)
        waits.append(made.subtask("x").not_before)
        began.append(made.now)
        made.clock.advance(60)
        with made.entry() as entry:
            transitions.undelay(entry)
    assert waits == [now + seconds(back_off(tries, 0.0)) for tries, now in enumerate(began, start=1)]
    assert (made.subtask("x").alone, made.subtask("x").last_try) == (True, True)
    made.do("x", Said.FAIL)
    assert (made.status("x"), made.subtask("x").attempts_used, made.run.open_alone) == ("failed", 4, 0)
    assert violations(made.now) == []


def test_without_retries_one_attempt_is_all() -> None:
    made = work({"x": {"max_retries": 0}})
    made.do("x", Said.TIME_OUT, error="ran over its 300 s")
    assert (made.status("x"), made.attempt("x").status) == ("failed", "timed_out")
    assert made.run.retries == 0


def test_what_cannot_be_retried_fails_at_once() -> None:
    made = work({"x": {}})
    made.do("x", Said.FAIL, retryable=False)
    assert (made.status("x"), made.subtask("x").finished_at) == ("failed", NOW)


def test_a_lost_attempt_is_tried_again_at_once_and_counts() -> None:
    made = work({"x": {}})
    made.do("x", Said.LOSE, chance=1.0)
    row = made.subtask("x")
    assert (row.status, row.not_before, row.ready_at, row.attempts_used) == ("pending", None, NOW, 1)
    assert (made.run.retries, made.run.losses, made.run.delayed) == (1, 1, 0)


def test_a_loss_is_counted_also_when_it_was_the_last() -> None:
    made = work({"x": {"max_retries": 0}})
    made.do("x", Said.LOSE)
    assert (made.status("x"), made.run.losses, made.run.retries) == ("failed", 1, 0)


def test_what_is_handed_back_is_as_if_nobody_had_had_it() -> None:
    made = work({"x": {}})
    made.do("x", Said.RELEASE)
    row = made.subtask("x")
    assert (row.status, row.attempts_used, row.not_before, row.error, row.epoch) == ("pending", 0, None, "", 1)
    assert (made.run.retries, made.kinds("x")[-1]) == (0, "released")


@pytest.mark.parametrize("said", [Said.FAIL, Said.TIME_OUT, Said.LOSE, Said.RELEASE, Said.CANCEL])
def test_what_was_asked_to_stop_is_not_tried_again(said: Said) -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    with made.entry() as entry:
        transitions.request_stop(entry)
    assert made.run.stopping == 1
    made.say(said, lease)
    assert (made.status("x"), made.run.stopping, made.run.retries) == ("cancelled", 0, 0)
    assert violations(NOW) == []


def test_what_completes_before_it_stops_is_completed() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    with made.entry() as entry:
        transitions.request_cancel(entry)
    made.say(Said.COMPLETE, lease)
    assert (made.status("x"), made.run.stopping) == ("completed", 0)


# ---- what depends on it ----


def test_what_was_waited_for_sets_free_what_waited() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}})
    lease = made.begin("a")
    made.clock.advance(5)
    made.say(Said.COMPLETE, lease)
    assert (made.subtask("b").unmet, made.subtask("b").ready_at) == (0, NOW + seconds(5))
    assert made.run.blocked == 0


def test_what_waits_for_two_is_free_after_both() -> None:
    made = work({"a": {}, "b": {}, "c": {"needs": ["a", "b"]}})
    made.do("b")
    assert (made.subtask("c").unmet, made.subtask("c").ready_at, made.run.blocked) == (1, None, 1)
    made.do("a")
    assert (made.subtask("c").unmet, made.run.blocked) == (0, 0)


def test_two_that_complete_together_set_free_what_waited_for_both() -> None:
    made = work({"a": {}, "b": {}, "c": {"needs": ["a", "b"]}})
    leases = [made.begin("a"), made.begin("b", "agent-2")]
    with made.entry() as entry:
        reports = [Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch) for lease in leases]
        transitions.apply(entry, reports, 0.0)
    assert (made.subtask("c").unmet, made.run.blocked) == (0, 0)
    assert violations(NOW) == []


def test_what_depends_on_a_failure_is_skipped_with_the_reason_all_the_way_down() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "d": {}})
    made.do("a", Said.FAIL, retryable=False)
    assert {key: (made.status(key), made.subtask(key).error) for key in "bcd"} == {
        "b": ("skipped", "a failed"),
        "c": ("skipped", "b was skipped"),
        "d": ("pending", ""),
    }
    assert (made.run.skipped, made.run.blocked, made.run.pending) == (2, 0, 1)
    assert violations(NOW) == []


def test_what_waits_for_two_failures_is_skipped_once() -> None:
    made = work({"a": {}, "b": {}, "c": {"needs": ["a", "b"]}})
    made.do("a", Said.FAIL, retryable=False)
    made.do("b", Said.FAIL, retryable=False)
    assert made.kinds("c") == ["skipped"]
    assert violations(NOW) == []


def test_a_try_that_will_be_repeated_skips_nothing() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}})
    made.do("a", Said.FAIL)
    assert (made.status("b"), made.subtask("b").unmet) == ("pending", 1)


def test_progress_counts_expected_work_of_all_that_has_ended() -> None:
    made = work(
        {
            "a": {"estimated_seconds": 5},
            "b": {"estimated_seconds": 7, "needs": ["a"]},
            "c": {"estimated_seconds": 11},
            "d": {"estimated_seconds": 13},
        }
    )
    made.do("c")
    assert made.run.expected_ended == 11
    made.do("a", Said.FAIL, retryable=False)
    assert made.run.expected_ended == 5 + 7 + 11
    assert made.run.expected_total == 36
