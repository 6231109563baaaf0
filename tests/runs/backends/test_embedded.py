"""Workers in the server's own process: seats, work in place, and how they are stopped."""

from threading import Event as Signal
from typing import Any

import pytest

from runs import actions
from runs.backends import seat
from runs.backends.embedded import SURFACE_SECONDS
from runs.executors import running
from runs.executors.base import Job, Outcome, Stop
from runs.leases import Lease
from runs.models import Event
from runs.reports import Report, Said
from tests.runs.acting import Puppet, Stage, register
from tests.runs.factories import Work

QUICK: dict[str, Any] = {"estimated_seconds": 0.0}


def quick(*keys: str) -> dict[str, Any]:
    return {key: dict(QUICK) for key in keys}


def attempts(made: Work) -> list[str]:
    """The story of each attempt that succeeded, in the order of the log."""
    rows = Event.objects.filter(run=made.run_id, attempt_id__isnull=False).order_by("seq")
    keys = {made.subtask(key).pk: key for key in "abcde" if made.run.subtasks.filter(key=key).exists()}
    return [f"{keys[subtask or 0]} {kind}" for subtask, kind in rows.values_list("subtask_id", "kind")]


# ---- quick work, in place ----


def test_quick_work_is_done_one_after_the_other_in_one_seat(stage: Stage, puppet: Puppet) -> None:
    for key in "abc":
        puppet.finish(key)
    made = stage.run(quick("a", "b", "c"), max_agents=1)
    stage.until(lambda: made.run.status == "completed")
    assert puppet.begun == ["a", "b", "c"]
    story = [f"{key} {kind}" for key in "abc" for kind in ("leased", "started", "completed")]
    assert [line for line in attempts(made) if not line.startswith("a ")] == story[3:]
    assert {made.attempt(key).agent.name for key in "abc"} == {"agent-1"}


def test_what_waits_to_be_done_in_place_is_pending_and_nobody_elses(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b", "c"), max_agents=1)
    puppet.wait_for("a")
    assert [made.status(key) for key in "abc"] == ["in_progress", "pending", "pending"]
    stage.look_at(made)
    assert puppet.begun == ["a"]
    puppet.finish("a")
    puppet.wait_for("b")
    stage.until(lambda: made.status("a") == "completed")
    assert (made.status("b"), made.run.in_progress, made.run.agents_active) == ("pending", 0, 0)
    stage.look_at(made)
    assert puppet.begun == ["a", "b"]
    stage.end(made, "b", "c")
    assert puppet.begun == ["a", "b", "c"]


def test_work_in_place_counts_as_an_agent_at_work(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b") | {"slow": {"priority": 5}}, max_agents=1)
    puppet.finish("a")
    puppet.wait_for("b")
    stage.until(lambda: made.status("a") == "completed")
    stage.look_at(made)
    assert puppet.busy == {"b"}
    stage.end(made, "b", "slow")


def test_a_change_in_place_lets_nothing_read_beside_it(stage: Stage, puppet: Puppet) -> None:
    outline: dict[str, Any] = {key: QUICK | {"lane": "execute"} for key in "ab"}
    made = stage.run(outline | {"read": {"needs": ["a"]}}, strategy="hybrid", max_agents=4)
    puppet.finish("a")
    puppet.wait_for("b")
    stage.until(lambda: made.status("a") == "completed")
    stage.look_at(made)
    assert puppet.busy == {"b"}
    stage.end(made, "b", "read")


def test_a_failure_in_place_is_tried_again_like_any_other(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b"), max_agents=1)
    puppet.finish("a")
    puppet.wait_for("b")
    puppet.fail("b")
    stage.until(lambda: made.run.retries == 1)
    assert made.kinds("b") == ["leased", "started", "failed"]
    stage.pass_time(1)
    stage.end(made, "b")
    assert made.subtask("b").attempts_used == 2


def test_work_in_place_whose_transaction_fails_is_not_lost(stage: Stage, puppet: Puppet) -> None:
    for key in "abc":
        puppet.finish(key)
    made = stage.run(quick("a", "b", "c"), max_agents=1)
    poison = Report(Said.BEAT, made.run_id, 1, 1, progress=float("nan"))
    stage.ledger.report(poison)
    stage.until(lambda: made.run.status == "completed")
    assert puppet.begun == ["a", "b", "c"]


def test_work_in_place_that_turns_out_slow_is_given_a_lease(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b"), max_agents=1)
    puppet.finish("a")
    puppet.wait_for("b")
    stage.until(lambda: made.status("a") == "completed")
    stage.pass_time(1)
    assert (made.status("b"), made.attempt("b").status, made.run.agents_active) == ("in_progress", "running", 1)
    puppet.jobs["b"].report(0.5, "half way")
    stage.until(lambda: made.subtask("b").progress == 0.5)
    stage.end(made, "b")
    assert made.kinds("b") == ["leased", "started", "progress", "completed"]


def test_what_waits_behind_something_slow_is_given_to_others(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b", "c"), max_agents=2)
    puppet.wait_for("a", "b")
    stage.pass_time(1)
    assert stage.seats.reserved() == set()
    stage.end(made, "b")
    puppet.wait_for("a", "c")
    stage.end(made, "c", "a")
    assert sorted(puppet.begun) == ["a", "b", "c"]


def test_nothing_is_begun_in_place_behind_something_slow(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b"), max_agents=1)
    puppet.wait_for("a")
    stage.seconds += SURFACE_SECONDS
    puppet.finish("a")
    puppet.wait_for()
    stage.until(lambda: made.status("b") == "in_progress")
    assert made.kinds("b") == ["leased", "started"]
    stage.end(made, "b")


def test_work_in_place_that_nobody_wants_any_more_is_stopped(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b"), max_agents=1)
    puppet.finish("a")
    puppet.wait_for("b")
    stage.until(lambda: made.status("a") == "completed")
    actions.cancel_subtask(made.run_id, "b")
    stage.pass_time(1)
    puppet.wait_for()
    stage.until(lambda: len(stage.seats._idle) == 1)
    assert (made.status("b"), made.kinds("b")) == ("cancelled", ["cancelled"])


def test_cancelling_one_leaves_what_follows_in_its_seat_alone(stage: Stage, puppet: Puppet) -> None:
    made = stage.run(quick("a", "b"), max_agents=1)
    puppet.wait_for("a")
    actions.cancel_subtask(made.run_id, "a")
    stage.look_at(made)
    stage.until(lambda: made.status("a") == "cancelled")
    stage.end(made, "b")
    assert (made.status("a"), made.status("b")) == ("cancelled", "completed")


# ---- stopping ----


def test_a_cancel_reaches_an_attempt_that_has_not_begun_yet(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, ran = Signal(), []

    def slow_to_begin(run_id: int, lease: Lease) -> Job:
        hold.wait(10)
        return running.job_for(run_id, lease)

    def run(job: Job) -> Outcome:
        job.check()
        ran.append(job.key)
        return Outcome()

    monkeypatch.setattr(seat, "job_for", slow_to_begin)
    register(monkeypatch, "plain", run)
    made = stage.run({"a": {"executor": {"name": "plain"}}})
    actions.cancel(made.run_id)
    stage.look_at(made)
    hold.set()
    stage.until(lambda: made.run.status == "cancelled")
    assert ran == []


def test_stopping_hands_back_what_is_under_way_and_what_waits_in_place(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"slow": {"priority": 1}, **quick("a", "b")}, max_agents=2)
    puppet.wait_for("slow", "a")
    stage.close()
    assert {key: (made.status(key), made.subtask(key).attempts_used) for key in ("slow", "a", "b")} == {
        "slow": ("pending", 0),
        "a": ("pending", 0),
        "b": ("pending", 0),
    }
    assert made.kinds("slow") == ["leased", "started", "released"]
    assert made.kinds("b") == []
    assert made.run.status == "running"


def test_after_a_stop_nothing_is_dispatched(stage: Stage, puppet: Puppet) -> None:
    stage.close()
    made = stage.run({"a": {}})
    assert (made.status("a"), puppet.begun) == ("pending", [])


def test_an_executor_that_raises_anything_does_not_cost_the_worker(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(job: Job) -> Outcome:
        raise SystemExit(3)

    register(monkeypatch, "leaver", leave)
    made = stage.run({"a": {"executor": {"name": "leaver"}, "max_retries": 0}, "b": {}}, max_agents=1)
    stage.until(lambda: made.status("a") == "failed")
    assert "SystemExit" in made.subtask("a").error
    stage.end(made, "b")
    assert made.attempt("b").agent.name == "agent-1"


def test_a_worker_whose_thread_cannot_start_is_not_lost(
    stage: Stage, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        made = stage.run({"a": {}})
    stage.until(lambda: made.run.retries == 1)
    assert made.attempt("a").error == "can't start new thread"
    stage.pass_time(1)
    stage.end(made, "a")


def test_progress_reaches_the_subtask_while_it_runs(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}})
    puppet.wait_for("a")
    puppet.jobs["a"].report(0.25, "reading")
    stage.until(lambda: made.subtask("a").message == "reading")
    assert made.subtask("a").progress == 0.25
    stage.end(made, "a")


@pytest.mark.parametrize("why", Stop)
def test_a_job_stops_for_the_first_reason_it_is_given(why: Stop) -> None:
    job = Job({})
    job.stop(why)
    job.stop(Stop.CANCEL)
    assert job.stopping is why


# ---- seats for many runs ----


def test_two_runs_share_the_only_worker_turn_by_turn(db: None, puppet: Puppet) -> None:
    stage = Stage(puppet, workers=1)
    one = stage.run({f"a{at}": {} for at in range(3)})
    two = stage.run({f"b{at}": {} for at in range(3)})
    for key in ("a0", "a1", "b0", "a2", "b1", "b2"):
        stage.wait_for(key)
        stage.end(one if key.startswith("a") else two, key)
    assert (one.run.status, two.run.status) == ("completed", "completed")
    stage.close()


def test_a_small_run_does_not_wait_for_the_end_of_a_large_one(db: None, puppet: Puppet) -> None:
    stage = Stage(puppet, workers=3)
    large = stage.run({f"a{at}": {} for at in range(9)}, max_agents=9)
    small = stage.run({"b": {}})
    stage.wait_for("a0", "a1", "a2")
    stage.end(large, "a1")  # it stood in line before
    stage.wait_for("a0", "a2", "a3")
    stage.end(large, "a2")
    stage.wait_for("a0", "a3", "b")
    stage.end(small, "b")
    stage.wait_for("a0", "a3", "a4")
    stage.close()


def test_a_run_that_needs_no_seat_any_more_keeps_none_free(db: None, puppet: Puppet) -> None:
    stage = Stage(puppet, workers=1)
    one, two = stage.run({"a": {}, "c": {}}), stage.run({"b": {}})
    actions.cancel(two.run_id)
    stage.look_at(two)
    stage.end(one, "a")
    stage.wait_for("c")
    stage.end(one, "c")
    stage.close()


@pytest.mark.parametrize(
    ("first", "lanes"), [({}, {"execute": {"concurrency": 1}}), ({"parallelizable": False, "priority": 1}, {})]
)
def test_a_run_that_cannot_use_a_free_seat_is_not_asked_again_and_again(
    db: None, puppet: Puppet, first: dict[str, object], lanes: dict[str, object]
) -> None:
    stage = Stage(puppet, workers=2)
    stage.run({"a": first, "b": {}, "c": {}, "d": {}}, max_agents=4, lanes=lanes)
    stage.wait_for("a")
    assert stage.ledger._slips.empty()
    assert stage.seats.next_in_line() == []
    stage.close()


def test_workers_are_made_as_they_are_needed_and_used_lowest_first(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["a"]}})
    assert [worker.number for worker in stage.seats.workers] == [1]
    stage.end(made, "a")
    stage.wait_for("b", "c")
    assert [worker.number for worker in stage.seats.workers] == [1, 2]
    assert sorted(made.attempt(key).agent.name for key in "bc") == ["agent-1", "agent-2"]
