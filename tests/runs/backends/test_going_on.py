"""A Celery worker that has just ended something goes on with what is next in its run, without a message."""

from typing import Any

import pytest
from django.db import OperationalError

from runs.backends.hand import Hand
from runs.backends.worker import Desk, Seat
from runs.models import Attempt, Event
from runs.orchestrating import broker
from runs.reports import Report, Said, Verdict
from tests.runs.factories import NOW, Work, agent, violations, work

pytestmark = pytest.mark.django_db
PLAIN: dict[str, Any] = {"backend": "celery", "max_agents": 1}
NO_WORK = {"executor": {"name": "simulate", "seconds": 0}}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[broker.Message]:
    """What would be sent to the broker."""
    messages: list[broker.Message] = []
    monkeypatch.setattr(broker.publisher, "send", messages.extend)
    return messages


@pytest.fixture
def desk() -> Desk:
    """Taken on turn by turn."""
    made = Desk(("query",), clock=lambda: NOW, steady=lambda: 0.0)
    made.turn()
    return made


def taken_up(desk: Desk, made: Work, key: str, seat: Seat) -> Report:
    attempt = made.attempt(key)
    report = Report(Said.START, made.run_id, attempt.pk, attempt.epoch, taken_by=seat.agent, free_since=NOW)
    answer = desk.report(report)
    desk.turn()
    assert answer.result(0).verdict is Verdict.ACCEPTED
    return report


def ended(desk: Desk, made: Work, key: str, hand: Hand | None) -> None:
    """The worker of the hand ends this attempt."""
    attempt = made.attempt(key)
    desk._say(Seat(1, NOW), Report(Said.COMPLETE, made.run_id, attempt.pk, attempt.epoch), hand)
    desk.turn()


def begun(desk: Desk, outline: dict[str, Any]) -> tuple[Work, Hand]:
    made, seat = work(outline, **PLAIN), Seat(agent("worker/1").pk, NOW)
    made.sweep()
    taken_up(desk, made, "a", seat)
    return made, Hand(seat.agent, NOW, desk.lanes)


def test_what_is_next_is_leased_with_the_end_and_needs_no_message(
    desk: Desk, sent: list[broker.Message], django_capture_on_commit_callbacks: Any
) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}})
    with django_capture_on_commit_callbacks(execute=True):
        ended(desk, made, "a", hand)
    lease = hand.answer.result(0)
    assert lease is not None and (lease.key, lease.attempt) == ("b", made.attempt("b").pk)
    assert (made.attempt("b").status, made.attempt("b").agent.name) == ("running", "worker/1")
    assert made.kinds("b") == ["leased", "started"]
    assert sent == []
    assert violations(NOW) == []


def test_what_is_of_another_lane_goes_to_the_queue(
    desk: Desk, sent: list[broker.Message], django_capture_on_commit_callbacks: Any
) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"], "lane": "execute"}})
    with django_capture_on_commit_callbacks(execute=True):
        ended(desk, made, "a", hand)
    assert hand.answer.result(0) is None
    assert [(message.attempt, message.lane) for message in sent] == [(made.attempt("b").pk, "execute")]
    assert violations(NOW) == []


def test_nobody_is_given_more_than_the_run_allows(desk: Desk) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["a"]}})
    second = Hand(agent("worker/2").pk, NOW, desk.lanes)
    attempt = made.attempt("a")
    desk._say(Seat(1, NOW), Report(Said.COMPLETE, made.run_id, attempt.pk, attempt.epoch), hand)
    desk._say(Seat(2, NOW), Report(Said.COMPLETE, made.run_id, attempt.pk, attempt.epoch), second)
    desk.turn()
    given = [one.answer.result(0) for one in (hand, second)]
    assert [lease.key for lease in given if lease] == ["b"]
    assert (made.status("b"), made.status("c")) == ("in_progress", "pending")


def test_a_thread_that_waits_no_more_is_given_nothing(desk: Desk) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}})
    assert hand.answer.cancel()
    ended(desk, made, "a", hand)
    assert (made.attempt("b").status, made.attempt("b").agent.name) == ("leased", "celery")


def test_what_was_given_to_a_thread_that_has_just_gone_is_handed_back(desk: Desk) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}})
    ended(desk, made, "a", hand)
    late = Hand(hand.agent, NOW, desk.lanes, lease=hand.answer.result(0))
    late.answer.cancel()
    desk._hand_over(made.run_id, late)
    desk.turn()
    assert Attempt.objects.filter(subtask=made.subtask("b"), epoch=1).get().status == "cancelled"
    assert (made.attempt("b").epoch, made.subtask("b").attempts_used) == (2, 1)
    assert violations(NOW) == []


def test_a_worker_that_leaves_is_given_nothing(desk: Desk) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}})
    desk.leave()
    ended(desk, made, "a", hand)
    assert hand.answer.result(0) is None
    assert made.attempt("b").agent.name == "celery"


def test_no_thread_waits_for_a_database_that_is_away(desk: Desk) -> None:
    made, hand = begun(desk, {"a": {}, "b": {"needs": ["a"]}})
    attempt = made.attempt("a")
    desk._say(Seat(1, NOW), Report(Said.COMPLETE, made.run_id, attempt.pk, attempt.epoch), hand)
    (slip,) = desk._take()
    desk._refuse(slip, OperationalError("the connection is lost"))
    assert hand.answer.result(0) is None
    desk._try_again()
    assert (made.status("a"), made.attempt("b").agent.name) == ("completed", "celery")


@pytest.mark.django_db(transaction=True)
def test_one_message_is_enough_for_a_run_of_quick_subtasks(sent: list[broker.Message]) -> None:
    made = work({f"s{at}": NO_WORK for at in range(12)}, **PLAIN)
    made.sweep()
    working = Desk(steady=lambda: 0.0)
    working.start()
    try:
        seat = Seat(agent("worker/1").pk, NOW)
        attempt = made.attempt("s0")
        report = Report(Said.START, made.run_id, attempt.pk, 1, taken_by=seat.agent, free_since=NOW)
        lease = working.report(report).result(10).lease
        assert lease is not None
        working.carry_out(seat, made.run_id, lease)
    finally:
        working.stop()
    assert (made.run.status, made.run.completed) == ("completed", 12)
    assert len(sent) == 1
    assert Event.objects.filter(run=made.run_id, kind="leased").count() == 12
    assert violations(made.now) == []
