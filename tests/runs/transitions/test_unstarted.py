"""What happens to subtasks that have not started."""

import pytest
from pytest_django import DjangoAssertNumQueries

from runs import transitions
from runs.engine.states import Status
from runs.models import Event
from runs.reports import Said
from tests.runs.factories import NOW, violations, work

pytestmark = pytest.mark.django_db


def test_cancelling_one_skips_what_depends_on_it() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "d": {}})
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("a").pk, "it was cancelled")
    assert {key: (made.status(key), made.subtask(key).error) for key in "abcd"} == {
        "a": ("cancelled", "it was cancelled"),
        "b": ("skipped", "a was cancelled"),
        "c": ("skipped", "b was skipped"),
        "d": ("pending", ""),
    }
    assert violations(NOW) == []


def test_a_subtask_of_another_run_is_not_cancelled() -> None:
    made, other = work({"x": {}}), work({"x": {}})
    with made.entry() as entry:
        assert not transitions.cancel_one(entry, other.subtask("x").pk, "it was cancelled")
    assert other.status("x") == "pending"


def test_one_that_waits_for_another_try_can_be_cancelled() -> None:
    made = work({"x": {}})
    made.do("x", Said.FAIL)
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("x").pk, "it was cancelled")
    assert (made.run.delayed, made.run.pending, made.subtask("x").not_before) == (0, 0, None)


def test_only_those_whose_time_has_come_are_let_go() -> None:
    made = work({"a": {}, "b": {}})
    made.do("a", Said.FAIL, chance=0.0)
    made.do("b", Said.FAIL, chance=1.0)
    made.clock.advance(0.5)
    with made.entry() as entry:
        transitions.undelay(entry)
    assert (made.subtask("a").not_before, made.run.delayed) == (None, 1)
    made.clock.advance(0.5)
    with made.entry() as entry:
        transitions.undelay(entry)
    assert (made.subtask("b").not_before, made.run.delayed) == (None, 0)
    assert violations(made.now) == []


def test_letting_go_asks_nothing_when_nothing_waits(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = work({"x": {}})
    with made.entry() as entry, django_assert_num_queries(0):
        transitions.undelay(entry)


def test_ending_all_that_is_pending_says_why_on_each() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}, "c": {}})
    made.begin("c")
    with made.entry() as entry:
        transitions.end_pending(entry, Status.SKIPPED, "the run stops at the first failure")
    assert {made.subtask(key).error for key in "ab"} == {"the run stops at the first failure"}
    assert (made.run.skipped, made.run.blocked, made.status("c")) == (2, 0, "in_progress")
    assert Event.objects.filter(run=made.run_id, kind="skipped").count() == 2
    assert violations(NOW) == []
