"""Giving subtasks to agents."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from runs import transitions
from runs.models import Attempt, Run, RunAgent
from runs.reports import Said
from tests.runs.factories import NOW, dump, violations, work

pytestmark = pytest.mark.django_db


def test_a_lease_makes_an_attempt_with_the_next_epoch() -> None:
    made = work({"x": {"timeout_seconds": 60}})
    lease = made.lease("x")
    attempt = made.attempt("x")
    assert (lease.attempt, lease.epoch, lease.attempts_used) == (attempt.pk, 1, 1)
    assert (attempt.epoch, attempt.status, attempt.agent.name) == (1, "leased", "agent-1")
    assert (attempt.leased_at, attempt.last_beat_at, attempt.started_at) == (NOW, NOW, None)


def test_a_lease_runs_out_after_fifteen_seconds_and_its_time_after_that() -> None:
    made = work({"x": {"timeout_seconds": 60}})
    made.lease("x")
    attempt = made.attempt("x")
    assert attempt.lease_expires_at == NOW + timedelta(seconds=15)
    assert attempt.deadline_at == NOW + timedelta(seconds=75)


def test_a_lease_says_what_is_to_be_done() -> None:
    made = work({"x": {"content": "Read it", "executor": {"name": "read", "path": "a.py"}, "inputs": {"of": {}}}})
    lease = made.lease("x")
    assert (lease.key, lease.content, lease.max_iterations) == ("x", "Read it", 10)
    assert (lease.executor, lease.inputs) == ({"name": "read", "path": "a.py"}, {"of": {}})


def test_what_an_embedded_worker_leases_has_started() -> None:
    made = work({"x": {}})
    made.lease("x", started_at=NOW - timedelta(seconds=2))
    attempt = made.attempt("x")
    assert (attempt.status, attempt.started_at) == ("running", NOW - timedelta(seconds=2))
    assert made.subtask("x").started_at == attempt.started_at == attempt.leased_at
    assert made.kinds("x") == ["leased", "started"]
    assert violations(NOW) == []


def test_of_two_picks_of_one_subtask_one_is_leased() -> None:
    made = work({"x": {}})
    with made.entry() as entry:
        leases = transitions.lease(entry, [made.pick("x"), made.pick("x", "agent-2")])
    assert len(leases) == 1
    assert violations(NOW) == []


def test_a_pick_that_is_older_than_another_lease_wins_nothing() -> None:
    made = work({"x": {}})
    old = made.pick("x")
    made.do("x", Said.RELEASE)
    rows = dump()
    with made.entry() as entry:
        assert transitions.lease(entry, [old]) == []
    assert dump() == rows


def test_the_picks_that_can_be_leased_are_leased_beside_one_that_cannot() -> None:
    made = work({"a": {}, "b": {}, "c": {"needs": ["a"]}, "d": {"lane": "execute"}})
    with made.entry() as entry:
        leases = transitions.lease(entry, [made.pick(key, f"agent-{key}") for key in "abcd"])
    assert sorted(lease.key for lease in leases) == ["a", "b", "d"]
    assert (made.run.open_query, made.run.open_execute, made.run.agents_active) == (2, 1, 3)
    assert violations(NOW) == []


def test_an_agent_with_two_leases_is_one_active_agent() -> None:
    made = work({"a": {}, "b": {}})
    first, second = made.lease("a"), made.lease("b")
    assert made.run.agents_active == 1
    assert RunAgent.objects.get(run=made.run_id).open == 2
    made.say(Said.COMPLETE, first)
    assert made.run.agents_active == 1
    made.say(Said.COMPLETE, second)
    assert made.run.agents_active == 0


def test_a_subtask_that_must_be_alone_is_counted_as_such() -> None:
    made = work({"x": {"parallelizable": False}})
    lease = made.lease("x")
    assert made.run.open_alone == 1
    made.say(Said.COMPLETE, lease)
    assert made.run.open_alone == 0


def test_leasing_nothing_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = work({"x": {}})
    with made.entry() as entry, django_assert_num_queries(0):
        assert transitions.lease(entry, []) == []


def test_what_is_done_in_place_is_handed_out_without_a_trace() -> None:
    made = work({"a": {}, "b": {}})
    rows = dump()
    given = transitions.in_place([made.pick("b"), made.pick("a")])
    assert [(lease.key, lease.attempt, lease.epoch, lease.attempts_used) for lease in given] == [
        ("b", 0, 1, 1),
        ("a", 0, 1, 1),
    ]
    assert dump() == rows


def test_a_new_lease_forgets_the_progress_of_the_last_one() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.say(Said.BEAT, lease, progress=0.7, message="nearly done")
    made.say(Said.LOSE, lease)
    made.lease("x")
    assert (made.subtask("x").progress, made.subtask("x").message) == (None, "")
    assert Attempt.objects.get(pk=lease.attempt).progress == 0.7


def test_a_lease_leaves_other_runs_alone() -> None:
    made, other = work({"x": {}}), work({"x": {}})
    before = Run.objects.filter(pk=other.run_id).values().get()
    with made.entry() as entry:
        assert transitions.lease(entry, [other.pick("x")]) == []
    made.lease("x")
    assert Run.objects.filter(pk=other.run_id).values().get() == before
    assert violations(NOW) == []
