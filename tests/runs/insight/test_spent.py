"""Where the time of real runs went, as their attempts and events tell."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import actions, transitions
from runs.engine.waterfall import Part
from runs.insight import gained
from runs.models import Resource, Run
from runs.reports import Report, Said
from tests.runs.factories import NOW, Work, work
from tests.scenes import scene

pytestmark = pytest.mark.django_db


def spent(run: Run, now: datetime) -> dict[str, float]:
    """Seconds by part, without those that took none."""
    found = gained.gained(run, now)
    assert found is not None
    flow = found.waterfall
    assert sum(flow.taken.values()) == flow.seats * flow.length
    return {part: round(flow.seconds(part), 6) for part in Part if flow.taken[part]}


def begun(outline: Any, **columns: Any) -> Work:
    made = work(outline, **({"max_agents": 2} | columns))
    with made.entry() as entry:
        transitions.move(entry, "start")
    return made


def do(made: Work, seconds: float, *keys: str) -> None:
    leases = [made.begin(key, f"agent-{at}") for at, key in enumerate(keys)]
    made.clock.advance(seconds)
    for lease in leases:
        made.say(Said.COMPLETE, lease)


def test_a_run_that_keeps_all_its_agents_at_work_takes_the_ideal_time() -> None:
    made = begun({"a": {}, "b": {}})
    do(made, 10, "a", "b")
    assert spent(made.run, made.now) == {"work": 10}


def test_what_needs_others_is_a_dependency_until_they_have_ended() -> None:
    made = begun({"a": {}, "b": {"needs": ["a"]}})
    do(made, 10, "a")
    do(made, 4, "b")
    assert spent(made.run, made.now) == {"work": 7, "dependency": 5, "tail": 2}


def test_a_subtask_that_no_agent_comes_for_is_for_want_of_agents() -> None:
    made = begun({"a": {}, "b": {}})
    lease = made.begin("a")
    made.clock.advance(10)
    made.say(Said.COMPLETE, lease)
    late = made.lease("b", available_at=made.now)
    made.say(Said.START, late)
    made.clock.advance(10)
    assert spent(made.run, made.now) == {"work": 10, "agents": 5, "tail": 5}


def test_time_between_could_start_and_started_is_overhead() -> None:
    made = begun({"a": {}})
    made.clock.advance(2)
    made.begin("a")
    made.clock.advance(4)
    assert spent(made.run, made.now) == {"overhead": 1, "work": 2, "tail": 3}


def test_an_attempt_that_fails_and_the_wait_for_the_next_are_retries() -> None:
    made = begun({"a": {}})
    lease = made.begin("a")
    made.clock.advance(4)
    made.say(Said.FAIL, lease, error="no", retryable=True)
    due = made.subtask("a").not_before
    assert due is not None
    waited = (due - made.now).total_seconds()
    made.clock.advance(waited)
    made.sweep()
    do(made, 6, "a")
    found = spent(made.run, made.now)
    assert found["retries"] == pytest.approx((4 + waited) / 2)
    assert found["work"] == 3


def test_free_seats_of_a_paused_run_are_paused() -> None:
    made = begun({"a": {}})
    lease = made.begin("a")
    with made.entry() as entry:
        transitions.move(entry, "pause")
    made.clock.advance(4)
    made.say(Said.COMPLETE, lease)
    made.clock.advance(6)
    assert spent(made.run, made.now) == {"work": 2, "paused": 8}


def test_a_question_to_a_person_is_waited_for_by_all_that_need_the_answer() -> None:
    made = begun({"ask": {"executor": {"name": "approval", "question": "Go on?"}}, "b": {"needs": ["ask"]}})
    made.sweep()
    made.clock.advance(10)
    assert spent(made.run, made.now) == {"person": 10}


def test_a_barrier_is_waited_for_like_a_dependency() -> None:
    made = begun({"a": {"phase": 1}, "b": {"phase": 2}}, barriers=True)
    do(made, 10, "a")
    made.sweep()
    do(made, 10, "b")
    assert spent(made.run, made.now) == {"work": 10, "dependency": 5, "tail": 5}


def test_one_at_a_time_of_a_lane_is_taking_turns() -> None:
    made = begun({"a": {}, "b": {}}, lanes={"query": {"concurrency": 1}})
    do(made, 10, "a")
    do(made, 10, "b")
    assert spent(made.run, made.now) == {"work": 10, "resource": 5, "tail": 5}


def test_what_took_longer_than_it_worked_is_slowdown() -> None:
    made = begun({"a": {}, "b": {}})
    for key, who in (("a", "agent-0"), ("b", "agent-1")):
        made.begin(key, who)
    made.clock.advance(10)
    for key in "ab":
        last = made.attempt(key)
        report = Report(Said.COMPLETE, made.run_id, last.pk, last.epoch, worked_seconds=7.0)
        with made.entry() as entry:
            transitions.apply(entry, [report], 0.0)
    assert spent(made.run, made.now) == {"work": 7, "slowdown": 3}
    assert made.run.work_done == 14


def test_work_that_agents_report_has_as_many_seats_as_ever_were_at_it_at_once() -> None:
    made = begun({"a": {}, "b": {}}, backend="tracked", max_agents=4)
    do(made, 10, "a")
    do(made, 10, "b")
    assert spent(made.run, made.now) == {"work": 20}


def test_what_was_cancelled_under_way_is_a_lost_try() -> None:
    made = begun({"a": {}, "b": {}, "c": {}})
    first, second = made.begin("a", "agent-0"), made.begin("b", "agent-1")
    made.clock.advance(10)
    made.say(Said.COMPLETE, first)
    made.clock.advance(4)
    with made.entry() as entry:
        transitions.request_cancel(entry)
    made.say(Said.CANCEL, second)
    with made.entry() as entry:
        transitions.close(entry)
    assert spent(made.run, made.now) == {"work": 5, "retries": 7, "agents": 2}


def test_a_sequential_run_has_one_seat() -> None:
    made = begun({"a": {}, "b": {}}, strategy="sequential")
    do(made, 10, "a")
    do(made, 10, "b")
    assert spent(made.run, made.now) == {"work": 20}


LOCK = {"kind": "database", "name": "main", "mode": "write", "amount": 1}


@pytest.mark.parametrize(("kind", "part"), [("database", "resource"), ("api", "rate_limit")])
def test_what_waits_for_what_it_claims_is_blamed_on_that(ada: User, kind: str, part: str) -> None:
    Resource.objects.create(kind=kind, name="main", **({"capacity": 1} if kind == "database" else {"per_second": 0.1}))
    claim = LOCK | {"kind": kind}
    made = scene(ada, ("a", "b"), claims={"a": [claim], "b": [claim]}, max_agents=2)
    made.start("a", "b")
    assert made.subtask("b").waits_for == part
    made.later(10)
    made.complete("a")
    made.later(0.5)
    with made.entry():
        pass
    made.start("b")
    made.later(10)
    made.complete("b")
    found = spent(made.run, made.now)
    assert found["work"] == 10
    assert found[part] >= 5


def test_what_is_carried_over_takes_no_time() -> None:
    made = begun({"a": {}, "b": {}})
    do(made, 10, "a")
    lease = made.begin("b")
    made.say(Said.FAIL, lease, error="no", retryable=False)
    with made.entry() as entry:
        transitions.close(entry)
    again = Work(actions.retry(made.run).pk, made.clock)
    with again.entry() as entry:
        transitions.move(entry, "start")
    do(again, 10, "b")
    assert spent(again.run, again.now) == {"work": 5, "tail": 5}


def test_what_a_baseline_took_less_is_slowdown() -> None:
    made = begun({"a": {}, "b": {}, "c": {}}, max_agents=3)
    do(made, 12, "a", "b", "c")
    slow = begun({"a": {}, "b": {}, "c": {}}, strategy="sequential", baseline_of=made.run)
    for key in "abc":
        do(slow, 8, key)
    with slow.entry() as entry:
        transitions.close(entry)
    found = gained.gained(made.run, NOW)
    assert found is not None and found.slowdown is not None
    assert (found.slowdown.ratio, found.slowdown.compared, found.slowdown.slower) == (1.5, 3, True)


def test_without_a_baseline_slowdown_is_estimated_from_runs_by_one_agent() -> None:
    alone = begun({"a": {}, "b": {}, "c": {}}, max_agents=1)
    for key in "abc":
        do(alone, 8, key)
    with alone.entry() as entry:
        transitions.close(entry)
    Run.objects.filter(pk=alone.run_id).update(finished_at=NOW)
    made = begun({"x": {}, "y": {}, "z": {}}, max_agents=3)
    do(made, 12, "x", "y", "z")
    found = gained.gained(made.run, NOW)
    assert found is not None and found.slowdown is not None
    assert (found.slowdown.ratio, found.slowdown.compared, found.measured) == (1.5, 3, False)
    made.run.subtasks.filter(key="z").update(usual_seconds=None)
    found = gained.gained(made.run, NOW)
    assert found is not None and found.slowdown is None


def test_overhead_is_measured_of_each_completed_subtask() -> None:
    made = begun({"a": {}, "b": {}})
    made.clock.advance(1)
    do(made, 5, "a", "b")
    found = gained.gained(made.run, made.now)
    assert found is not None and found.overhead is not None
    assert (found.overhead.median, found.overhead.p95) == (1, 1)


def test_a_run_that_has_not_begun_has_nothing_to_tell() -> None:
    assert gained.gained(work({"a": {}}).run, NOW) is None
