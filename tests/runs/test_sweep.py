"""What no change asks for: leases that ran out, times that came, hints that were lost, clocks that jumped."""

from datetime import datetime, timedelta

import pytest

from runs import actions, sweep, transitions
from runs.models import Event
from runs.reports import Said
from tests.runs.acting import Puppet, Stage
from tests.runs.factories import NOW, Work, work


def lease_end(made: Work) -> datetime:
    ends = made.attempt("x").lease_expires_at
    assert ends is not None
    return ends


def outside(stage: Stage, **spec: object) -> Work:
    """A run that somebody else works on."""
    return stage.run({"x": spec}, backend="external")


# ---- leases and times that ran out ----


def test_an_agent_that_falls_silent_loses_its_attempt_after_fifteen_seconds(stage: Stage) -> None:
    made = outside(stage)
    made.begin("x")
    stage.pass_time(14)
    assert made.attempt("x").status == "running"
    stage.pass_time(2)
    assert (made.attempt("x").status, made.status("x")) == ("lost", "pending")
    assert made.attempt("x").error == "no heartbeat for 15 s"
    assert made.run.losses == 1


def test_the_next_look_is_when_the_next_lease_ends_or_in_a_second(stage: Stage) -> None:
    assert sweep.until_next(NOW, NOW) == 1.0
    made = outside(stage)
    made.begin("x")
    end = lease_end(made)
    for left, expected in ((7, 1.0), (0.25, 0.25), (0.001, 0.05), (0, 1.0)):
        now = end - timedelta(seconds=left)
        assert sweep.until_next(now, now) == pytest.approx(expected)


def test_a_lease_that_ended_while_the_last_look_was_written_down_is_looked_at_at_once(stage: Stage) -> None:
    made = outside(stage)
    made.begin("x")
    end = lease_end(made)
    assert sweep.until_next(end - timedelta(seconds=0.01), end + timedelta(seconds=0.2)) == 0.05


def test_an_agent_that_beats_keeps_its_attempt(stage: Stage) -> None:
    made = outside(stage)
    lease = made.begin("x")
    for _ in range(5):
        stage.pass_time(10)
        made.say(Said.BEAT, lease)
    assert made.attempt("x").status == "running"


def test_a_worker_of_this_process_beats_by_itself(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"x": {}})
    puppet.wait_for("x")
    stage.pass_time(60)
    assert made.attempt("x").status == "running"
    assert made.attempt("x").last_beat_at > NOW + timedelta(seconds=50)
    stage.end(made, "x")


def test_an_attempt_over_its_time_is_timed_out_though_it_beats(stage: Stage) -> None:
    made = outside(stage, timeout_seconds=20, max_retries=0)
    lease = made.begin("x")
    for _ in range(3):
        stage.pass_time(5)
        made.say(Said.BEAT, lease)
    stage.pass_time(4)
    assert made.status("x") == "in_progress"
    stage.pass_time(2)
    assert (made.attempt("x").status, made.attempt("x").error) == ("timed_out", "it ran over its time")
    assert made.run.status == "failed"


def test_a_cancel_that_nobody_answers_is_over_in_sixteen_seconds(stage: Stage) -> None:
    made = outside(stage)
    lease = made.begin("x")
    actions.cancel(made.run_id)
    for _ in range(3):
        stage.pass_time(5)
        made.say(Said.BEAT, lease)
    stage.pass_time(1)
    assert (made.attempt("x").status, made.attempt("x").error) == ("cancelled", "did not answer the cancel in time")
    assert made.run.status == "cancelled"


def test_what_was_lost_is_leased_again_and_only_the_new_attempt_counts(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"x": {}}, max_agents=1)
    puppet.wait_for("x")
    first, job = made.attempt("x"), puppet.jobs["x"]
    first.lease_expires_at = NOW
    first.save(update_fields=["lease_expires_at"])
    stage.seats._next_beat = 1e9
    stage.pass_time(1)
    assert job.stopping
    stage.until(lambda: made.subtask("x").epoch == 2)
    puppet.finish("x")
    stage.until(lambda: made.status("x") == "completed")
    assert made.run.losses == 1


def test_a_report_about_a_lease_that_was_renewed_is_refused(stage: Stage) -> None:
    made = outside(stage)
    lease = made.begin("x")
    stage.clock.advance(16)
    (overdue,) = sweep.overdue(stage.clock())
    made.say(Said.BEAT, lease)
    with made.entry() as entry:
        transitions.apply(entry, [overdue], 0.0)
    assert made.attempt("x").status == "running"


# ---- time that does not count ----


@pytest.mark.parametrize(
    ("passed", "moved"), [(300, 300), (1, 3600), (1, 86_400), (1, -3600)], ids=["stopped", "slept", "forward", "back"]
)
def test_nobody_is_lost_for_a_time_in_which_we_were_not_there(stage: Stage, passed: float, moved: float) -> None:
    made = outside(stage)
    made.begin("x")
    stage.pass_time(5)
    left = lease_end(made) - stage.clock()
    stage.seconds += passed
    stage.clock.advance(moved)
    stage.look_at(made)
    assert made.attempt("x").status == "running"
    assert lease_end(made) - stage.clock() == left
    assert Event.objects.filter(run=made.run_id, kind="clock_step").exists()
    stage.pass_time(11)
    assert made.attempt("x").status == "lost"


def test_deadlines_move_with_the_leases(stage: Stage) -> None:
    made = outside(stage, timeout_seconds=60)
    made.begin("x")
    before = made.attempt("x").deadline_at
    assert before is not None
    sweep.extend_leases(stage.clock.advance(100), timedelta(seconds=100))
    assert made.attempt("x").deadline_at == before + timedelta(seconds=100)


@pytest.mark.parametrize("moved", [3600, -3600], ids=["forward", "back"])
def test_who_was_heard_since_the_clock_was_set_has_no_other_lease_than_anyone(stage: Stage, moved: float) -> None:
    made = outside(stage, timeout_seconds=60)
    lease = made.begin("x")
    stage.pass_time(5)
    stage.seconds += 1
    stage.clock.advance(moved)
    made.say(Said.BEAT, lease)
    stage.look_at(made)
    left = lease_end(made) - stage.clock()
    assert timedelta(seconds=9) <= left <= timedelta(seconds=15)
    deadline, beat = made.attempt("x").deadline_at, made.attempt("x").last_beat_at
    assert deadline is not None
    assert timedelta(seconds=50) < deadline - stage.clock() < timedelta(seconds=61)
    assert beat <= stage.clock()
    stage.pass_time(17)
    assert made.attempt("x").status == "lost"


def test_a_retry_does_not_wait_for_a_time_that_a_clock_set_back_has_made_far(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"x": {}})
    puppet.fail("x")
    stage.until(lambda: made.status("x") == "pending")
    stage.seconds += 1
    stage.clock.advance(-3600)
    stage.look_at(made)
    stage.pass_time(62)
    stage.end(made, "x")
    assert made.run.status == "completed"


def test_a_sweep_that_comes_a_little_late_is_no_gap(stage: Stage) -> None:
    made = outside(stage)
    made.begin("x")
    stage.pass_time(1)
    stage.seconds += 2.5
    stage.clock.advance(2.5)
    stage.look_at(made)
    assert "clock_step" not in made.kinds()


# ---- hints that were lost ----


def test_a_run_that_nobody_spoke_of_is_found(stage: Stage, puppet: Puppet) -> None:
    made = work({"x": {"executor": {"name": "puppet"}}})
    made.clock = stage.clock
    stage.pass_time(1)
    stage.end(made, "x")
    assert made.run.status == "completed"


def test_a_run_whose_end_nobody_wrote_down_is_found(stage: Stage) -> None:
    made = outside(stage)
    made.do("x")
    assert made.run.status == "running"
    stage.pass_time(1)
    assert made.run.status == "completed"


def test_another_try_is_found_when_its_time_has_come(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"x": {}})
    puppet.fail("x")
    stage.until(lambda: made.run.delayed == 1)
    stage.pass_time(1)
    puppet.wait_for("x")
    stage.end(made, "x")


@pytest.mark.django_db
def test_only_runs_in_which_a_pass_may_find_something_are_visited() -> None:
    waiting, busy, paused, ended = (work({"x": {}}) for _ in range(4))
    outside = work({"x": {"executor": None}})
    for made in (waiting, outside, busy, ended):
        with made.entry() as entry:
            transitions.move(entry, "start")
    busy.begin("x")
    with paused.entry() as entry:
        transitions.move(entry, "pause")
    ended.do("x")
    assert sweep.runs_to_visit(NOW) == [waiting.run_id, ended.run_id]
    with ended.entry() as entry:
        transitions.close(entry)
    assert sweep.runs_to_visit(NOW) == [waiting.run_id]


@pytest.mark.django_db
def test_a_pending_run_is_always_visited() -> None:
    made = work({"x": {}})
    assert sweep.runs_to_visit(NOW) == [made.run_id]
