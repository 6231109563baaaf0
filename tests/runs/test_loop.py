"""One pass over one run: what starts when, and what becomes of the rest."""

from threading import Event
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from runs import actions, loop
from runs.executors.base import Job, Outcome
from runs.models import Attempt, Run
from tests.runs.acting import Puppet, Stage, most_open, register
from tests.runs.factories import work

READ: dict[str, Any] = {"lane": "query"}
WRITE: dict[str, Any] = {"lane": "execute"}


# ---- what starts, and in which order ----


def test_what_depends_on_something_starts_when_that_is_done(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["a", "b"]}})
    for key in "abc":
        puppet.wait_for(key)
        stage.end(made, key)
    assert (made.run.status, made.run.end_reason) == ("completed", "done")


def test_one_that_is_free_does_not_wait_for_the_others_of_its_wave(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"slow": {}, "fast": {}, "after": {"needs": ["fast"]}})
    stage.end(made, "fast")
    puppet.wait_for("slow", "after")
    stage.end(made, "after", "slow")


def test_priority_comes_first_and_then_the_longest_remaining_path(stage: Stage, puppet: Puppet) -> None:
    outline = {
        "short": {"estimated_seconds": 1},
        "long": {"estimated_seconds": 5},
        "chain": {"estimated_seconds": 2},
        "urgent": {"estimated_seconds": 1, "priority": 1},
        "low": {"estimated_seconds": 900, "priority": 5},
        "end": {"estimated_seconds": 4, "needs": ["chain"]},
    }
    made = stage.run(outline, max_agents=1)
    stage.end(made, "urgent", "chain", "long", "end", "short", "low")
    assert puppet.begun == ["urgent", "chain", "long", "end", "short", "low"]


def test_no_more_agents_work_than_the_run_allows(stage: Stage, puppet: Puppet) -> None:
    keys = [f"s{at}" for at in range(9)]
    made = stage.run({key: {} for key in keys}, max_agents=3)
    stage.end(made, *keys)
    assert puppet.most_busy == 3
    assert most_open(made) == 3
    assert made.run.agents_active == 0


def test_attempts_overlap_in_time_no_more_than_the_run_allows(stage: Stage, puppet: Puppet) -> None:
    keys = [f"s{at}" for at in range(7)]
    made = stage.run({key: {} for key in keys}, max_agents=2)
    for key in keys:
        stage.clock.advance(1)
        stage.end(made, key)
    times = Attempt.objects.filter(run=made.run_id).values_list("started_at", "finished_at")
    for moment in {start for start, _ in times if start}:
        assert sum(1 for start, end in times if start and end and start <= moment < end) <= 2


def test_a_sequential_run_does_one_thing_at_a_time_whatever_its_agents(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {}}, strategy="sequential", max_agents=8)
    stage.end(made, "a", "b", "c")
    assert puppet.begun == ["a", "b", "c"]
    assert puppet.most_busy == most_open(made) == 1


def test_a_hybrid_run_reads_all_at_once_and_then_changes_one_thing_at_a_time(stage: Stage, puppet: Puppet) -> None:
    outline = {"w1": WRITE | {"priority": 1}, "r1": READ, "w2": WRITE, "r2": READ, "r3": READ}
    made = stage.run(outline, strategy="hybrid", max_agents=8)
    puppet.wait_for("r1", "r2", "r3")
    stage.end(made, "r1", "r2")
    puppet.wait_for("r3")
    stage.end(made, "r3")
    puppet.wait_for("w1")
    stage.end(made, "w1")
    puppet.wait_for("w2")
    stage.end(made, "w2")


def test_what_must_be_alone_runs_with_nothing_beside_it(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "alone": {"parallelizable": False}, "b": {}})
    puppet.wait_for("a")
    stage.end(made, "a")
    puppet.wait_for("alone")
    stage.end(made, "alone")
    puppet.wait_for("b")
    stage.end(made, "b")


def test_a_lane_has_no_more_under_way_than_its_concurrency(stage: Stage, puppet: Puppet) -> None:
    lanes = {"query": {"concurrency": 1}, "execute": {"concurrency": 2}}
    outline = {"r1": READ, "r2": READ, "w1": WRITE, "w2": WRITE, "w3": WRITE}
    made = stage.run(outline, max_agents=8, lanes=lanes)
    puppet.wait_for("r1", "w1", "w2")
    stage.end(made, "r1")
    puppet.wait_for("r2", "w1", "w2")
    stage.end(made, "w2")
    puppet.wait_for("r2", "w1", "w3")


def test_what_has_no_executor_waits_for_an_outside_agent(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"outside": {"executor": None}, "inside": {}})
    puppet.wait_for("inside")
    stage.end(made, "inside")
    assert (made.status("outside"), made.run.status) == ("pending", "running")


def test_what_is_for_celery_is_put_into_its_queue_and_not_done_here(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}}, backend="celery")
    assert (made.attempt("a").status, made.attempt("a").agent.name, puppet.begun) == ("leased", "celery", [])


@pytest.mark.parametrize("backend", ["external", "tracked"])
def test_what_others_dispatch_is_not_dispatched_here(stage: Stage, puppet: Puppet, backend: str) -> None:
    made = stage.run({"a": {}}, backend=backend)
    assert (made.run.status, made.status("a"), puppet.begun) == ("running", "pending", [])


# ---- what goes wrong ----


def test_a_failed_try_is_repeated_when_its_time_has_come(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}})
    puppet.fail("a")
    stage.until(lambda: made.status("a") == "pending")
    stage.look_at(made)
    assert puppet.begun == ["a"]
    stage.pass_time(0.5)
    stage.look_at(made)
    puppet.wait_for("a")
    stage.end(made, "a")
    assert (made.run.status, made.subtask("a").attempts_used, made.run.retries) == ("completed", 2, 1)


def test_chance_makes_the_wait_longer(stage: Stage, puppet: Puppet) -> None:
    stage.chance = 1.0
    made = stage.run({"a": {}})
    puppet.fail("a")
    stage.until(lambda: made.status("a") == "pending")
    stage.pass_time(0.9)
    assert puppet.begun == ["a"]
    stage.pass_time(0.1)
    puppet.wait_for("a")


def test_the_last_try_runs_alone(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {"max_retries": 1, "priority": 1}, "b": {}, "c": {"needs": ["b"]}})
    for tries in (1, 2):
        puppet.wait_for("a", "b")
        puppet.fail("a")
        stage.until(lambda tries=tries: made.run.retries == tries)  # type: ignore[misc]
        stage.pass_time(tries)
    assert puppet.busy == {"b"}
    stage.end(made, "b")
    puppet.wait_for("a")
    puppet.fail("a")
    stage.until(lambda: made.status("a") == "failed")
    puppet.wait_for("c")
    stage.end(made, "c")
    assert (made.run.status, made.subtask("a").attempts_used) == ("failed", 3)


@pytest.mark.parametrize(("spec", "more"), [({"max_retries": 0}, {}), ({}, {"retryable": False})])
def test_what_is_not_tried_again_fails_and_takes_its_dependants_along(
    stage: Stage, puppet: Puppet, spec: dict[str, int], more: dict[str, bool]
) -> None:
    made = stage.run({"a": spec, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "d": {}})
    puppet.fail("a", **more)
    stage.until(lambda: made.status("a") == "failed")
    assert [(made.status(key), made.subtask(key).error) for key in "bc"] == [
        ("skipped", "a failed"),
        ("skipped", "b was skipped"),
    ]
    stage.end(made, "d")
    assert (made.run.status, made.run.end_reason) == ("failed", "failed")


def test_the_first_failure_ends_a_run_that_was_told_so(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {"max_retries": 0}, "b": {}, "c": {}}, fail_fast=True, max_agents=2)
    puppet.wait_for("a", "b")
    puppet.fail("a")
    stage.until(lambda: made.status("c") == "skipped")
    assert made.subtask("c").error == "the run stops at the first failure"
    puppet.wait_for("b")
    stage.end(made, "b")
    assert (made.run.status, made.run.end_reason, sorted(puppet.begun)) == ("failed", "fail_fast", ["a", "b"])


def test_an_attempt_over_its_time_is_timed_out(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {"timeout_seconds": 0.02, "max_retries": 0}})
    stage.until(lambda: made.status("a") == "failed")
    assert (made.attempt("a").status, made.attempt("a").error) == ("timed_out", "ran over its 0.02 s")


def test_who_had_to_be_got_out_after_its_time_is_timed_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(job: Job) -> Outcome:
        Event().wait(job.remaining())
        raise SoftTimeLimitExceeded(3)

    register(monkeypatch, "deaf", deaf)
    made = stage.run({"a": {"executor": {"name": "deaf"}, "timeout_seconds": 0.02, "max_retries": 0}})
    stage.until(lambda: made.status("a") == "failed")
    assert made.attempt("a").status == "timed_out"


def test_an_executor_that_never_completes_is_stopped_at_its_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(job: Job) -> Outcome:
        return Outcome({"steps": (job.partial_result or {"steps": 0})["steps"] + 1}, complete=False)

    register(monkeypatch, "steps", step)
    made = stage.run({"a": {"executor": {"name": "steps"}, "max_iterations": 4}})
    stage.until(lambda: made.status("a") == "failed")
    attempt = made.attempt("a")
    assert (attempt.iterations, attempt.partial_result) == (4, {"steps": 4})
    assert (attempt.error, attempt.warning) == ("the iteration limit was reached", "stopped after 4 iterations")


# ---- steering ----


def test_a_paused_run_starts_nothing_and_finishes_what_it_has_begun(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}}, max_agents=1)
    actions.pause(made.run_id)
    stage.end(made, "a")
    assert (made.run.status, made.status("b"), puppet.begun) == ("paused", "pending", ["a"])
    actions.resume(made.run_id)
    stage.look_at(made)
    stage.end(made, "b")
    assert made.run.status == "completed"


def test_a_run_whose_last_work_ends_while_it_is_paused_ends(stage: Stage) -> None:
    made = stage.run({"a": {}})
    actions.pause(made.run_id)
    stage.end(made, "a")
    assert made.run.status == "completed"


def test_a_cancelled_run_stops_what_is_under_way_and_ends(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {"needs": ["a"]}}, max_agents=1)
    puppet.wait_for("a")
    actions.cancel(made.run_id)
    assert [made.status(key) for key in "abc"] == ["in_progress", "cancelled", "cancelled"]
    stage.look_at(made)
    stage.until(lambda: made.run.status == "cancelled")
    assert (made.status("a"), made.attempt("a").status, made.run.end_reason) == ("cancelled", "cancelled", "cancelled")


def test_a_cancelled_subtask_takes_its_dependants_along_and_nothing_else(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {"needs": ["a"]}, "d": {}}, max_agents=2)
    puppet.wait_for("a", "b")
    actions.cancel_subtask(made.run_id, "a")
    actions.cancel_subtask(made.run_id, "d")
    stage.look_at(made)
    stage.until(lambda: made.status("a") == "cancelled")
    assert (made.status("c"), made.subtask("c").error, made.status("d")) == ("skipped", "a was cancelled", "cancelled")
    puppet.wait_for("b")
    stage.end(made, "b")
    assert (made.run.status, made.run.end_reason) == ("failed", "failed")


# ---- the end ----


def test_a_run_has_the_result_of_its_only_last_subtask(stage: Stage) -> None:
    made = stage.run({"a": {}, "b": {}, "sum": {"needs": ["a", "b"]}})
    stage.end(made, "a", "b", "sum")
    assert made.run.result == {"of": "sum"}


def test_a_run_that_has_ended_is_left_as_it_is(stage: Stage) -> None:
    made = stage.run({"a": {}})
    stage.end(made, "a")
    before = Run.objects.filter(pk=made.run_id).values().get()
    stage.look_at(made)
    assert Run.objects.filter(pk=made.run_id).values().get() == before


@pytest.mark.django_db
def test_a_pass_without_seats_still_starts_and_ends_runs() -> None:
    made = work({"a": {}})
    with made.entry() as entry:
        assert loop.run_pass(entry, None) == []
    assert made.run.status == "running"
    made.do("a")
    with made.entry() as entry:
        assert loop.run_pass(entry, None) == []
    assert made.run.status == "completed"
