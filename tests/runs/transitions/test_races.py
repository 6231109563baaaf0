"""Two connections that want the same at the same moment: one wins, the other is told, and the rows agree."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial, wraps
from typing import Any

import pytest
from django.db import connection, connections

from runs import actions, loop, sweep, transitions
from runs.leases import Pick
from runs.models import Attempt, Run
from runs.reports import Report, Said, Verdict
from tests import servers
from tests.runs.factories import NOW, Work, agent, at_once, todo, violations, work
from todos.models import Todo
from todos.problems import Conflict

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def in_many_rounds(test: Callable[..., None]) -> Callable[..., None]:
    """Who wins is chance: both ways must come up."""

    @wraps(test)
    def rounds(*given: Any, **named: Any) -> None:
        for _ in range(ROUNDS):
            test(*given, **named)
        assert violations(NOW) == []

    return rounds


@pytest.fixture(autouse=True)
def _agents(transactional_db: None) -> None:
    for number in (1, 2, 3):
        agent(f"agent-{number}")


def heard(made: Work, report: Report) -> Verdict | None:
    with made.entry() as entry:
        transitions.apply(entry, [report], 0.0)
        loop.run_pass(entry, None)
    return report.verdict


@in_many_rounds
def test_two_agents_that_lease_one_subtask_get_one_lease() -> None:
    made = work({"x": {}})

    def take(pick: Pick) -> int:
        with made.entry() as entry:
            return len(transitions.lease(entry, [pick]))

    picks = [made.pick("x", "agent-1"), made.pick("x", "agent-2")]
    assert sum(at_once(*(partial(take, pick) for pick in picks))) == 1
    assert Attempt.objects.filter(run=made.run_id).count() == 1


@pytest.mark.parametrize("other", [Said.LOSE, Said.CANCEL, Said.FAIL, Said.TIME_OUT, Said.RELEASE])
@in_many_rounds
def test_of_two_ends_of_one_attempt_one_is_accepted(other: Said) -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    reports = [Report(said, made.run_id, lease.attempt, lease.epoch) for said in (Said.COMPLETE, other)]
    told = at_once(*(partial(heard, made, report) for report in reports))
    assert sorted(told, key=str) == [Verdict.ACCEPTED, Verdict.REFUSED]
    assert (made.status("x") == "completed") == (told[0] is Verdict.ACCEPTED)


@in_many_rounds
def test_a_beat_and_the_end_of_the_lease_do_not_both_win() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(16)
    (overdue,) = sweep.overdue(made.now)
    beat = Report(Said.BEAT, made.run_id, lease.attempt, lease.epoch)
    told = at_once(partial(heard, made, overdue), partial(heard, made, beat))
    assert sorted(told, key=str) == [Verdict.ACCEPTED, Verdict.REFUSED]
    assert (made.attempt("x").status == "lost") == (told[0] is Verdict.ACCEPTED)
    made.say(Said.RELEASE, lease)


def test_moving_all_leases_waits_for_who_writes_about_a_run_and_not_the_other_way_round() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    with ThreadPoolExecutor(1) as aside:
        with made.entry() as entry:
            moving = aside.submit(move_leases)
            if connection.vendor == "postgresql":
                servers.until(somebody_waits, "it waits")
            transitions.apply(entry, [Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch)], 0.0)
        moving.result(30)
    assert (made.status("x"), made.kinds().count("clock_step")) == ("completed", 1)


def move_leases() -> None:
    try:
        sweep.extend_leases(NOW, timedelta(seconds=5))
    finally:
        connections.close_all()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@in_many_rounds
def test_completing_and_cancelling_the_run_leave_one_end() -> None:
    made = work({"x": {}, "y": {"needs": ["x"]}})
    lease = made.begin("x")
    report = Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch)

    def cancel() -> bool:
        with made.entry() as entry:
            return transitions.request_cancel(entry)

    assert at_once(partial(heard, made, report), cancel) == [Verdict.ACCEPTED, True]
    assert (made.status("x"), made.status("y")) == ("completed", "cancelled")


@in_many_rounds
def test_a_run_whose_last_two_subtasks_end_together_ends_once() -> None:
    made = work({"x": {}, "y": {}})
    leases = [made.begin("x"), made.begin("y", "agent-2")]
    reports = [Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch) for lease in leases]
    at_once(*(partial(heard, made, report) for report in reports))
    assert made.kinds().count("run_completed") == 1
    assert made.kinds()[-1] == "run_completed"


@in_many_rounds
def test_a_todo_that_is_started_twice_at_once_runs_once() -> None:
    tree = todo({"x": {}})

    def start(tree: Todo) -> bool:
        try:
            return bool(actions.start(tree, actions.Options()))
        except Conflict:
            return False

    assert sorted(at_once(partial(start, tree), partial(start, tree))) == [False, True]
    assert Run.objects.filter(todo=tree).count() == 1


@in_many_rounds
def test_pausing_and_cancelling_at_once_do_not_lose_each_other() -> None:
    made = work({"x": {}})
    at_once(partial(actions.pause, made.run_id), partial(actions.cancel, made.run_id))
    assert (made.run.status, made.status("x")) == ("paused", "cancelled")
    with made.entry() as entry:
        loop.run_pass(entry, None)
    assert made.run.status == "cancelled"
