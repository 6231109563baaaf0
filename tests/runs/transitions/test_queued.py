"""Runs on Celery: attempts lie in a queue, without a lease, until a worker takes them up."""

from typing import Any

import pytest

from runs import loop, sweep, transitions
from runs.models import Attempt, RunAgent
from runs.orchestrating import broker, leading
from runs.reports import Report, Said, Verdict
from tests.runs.factories import Work, agent, violations, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[broker.Message]:
    """What would be sent to the broker."""
    messages: list[broker.Message] = []
    monkeypatch.setattr(broker.publisher, "send", messages.extend)
    return messages


def made(count: int = 3, **columns: Any) -> Work:
    plain = {"backend": "celery", "max_agents": 2} | columns
    return work({f"s{at}": {} for at in range(count)}, **plain)


def take_up(one: Work, key: str, who: str = "worker/1", **more: Any) -> Report:
    attempt = one.attempt(key)
    report = Report(Said.START, one.run_id, attempt.pk, attempt.epoch, taken_by=agent(who).pk, **more)
    with one.entry() as entry:
        transitions.apply(entry, [report], 0.0)
        loop.run_pass(entry, None)
    return report


def test_a_pass_fills_the_seats_and_sends_a_message_for_each_after_the_commit(
    sent: list[broker.Message], django_capture_on_commit_callbacks: Any
) -> None:
    one = made()
    with django_capture_on_commit_callbacks(execute=True):
        one.sweep()
        assert sent == []
    assert [(message.attempt, message.epoch) for message in sent] == [(one.attempt(key).pk, 1) for key in ("s0", "s1")]
    assert one.status("s2") == "pending"
    assert violations(one.now) == []


def test_nobody_beats_for_what_lies_in_the_queue() -> None:
    one = made()
    one.sweep()
    attempt = one.attempt("s0")
    beat = Report(Said.BEAT, one.run_id, attempt.pk, attempt.epoch, progress=0.5)
    with one.entry() as entry:
        transitions.apply(entry, [beat], 0.0)
    assert (beat.verdict, one.attempt("s0").status) == (Verdict.REFUSED, "leased")
    assert violations(one.now) == []


def test_what_lies_in_the_queue_is_never_overdue() -> None:
    one = made()
    one.sweep()
    assert one.attempt("s0").lease_expires_at is None
    one.clock.advance(7 * 86_400)
    assert sweep.overdue(one.now) == []


def test_the_first_takes_it_up_and_the_second_is_refused() -> None:
    one = made()
    one.sweep()
    first, second = take_up(one, "s0"), take_up(one, "s0", "worker/2")
    assert (first.verdict, second.verdict) == (Verdict.ACCEPTED, Verdict.REFUSED)
    assert first.lease is not None and (first.lease.key, first.lease.attempt) == ("s0", one.attempt("s0").pk)
    assert second.lease is None
    assert one.attempt("s0").agent.name == "worker/1"
    assert violations(one.now) == []


def test_a_forged_message_takes_nothing_up() -> None:
    one = made()
    one.sweep()
    attempt = one.attempt("s0")
    for number, epoch in ((attempt.pk, attempt.epoch + 1), (attempt.pk + 1_000, 1)):
        report = Report(Said.START, one.run_id, number, epoch, taken_by=agent("worker/1").pk)
        with one.entry() as entry:
            transitions.apply(entry, [report], 0.0)
        assert report.verdict in (Verdict.REFUSED, Verdict.UNKNOWN)
    assert one.attempt("s0").status == "leased"


def test_the_time_in_the_queue_is_nobodys_work() -> None:
    one = made(1)
    one.sweep()
    one.clock.advance(100)
    report = take_up(one, "s0")
    one.clock.advance(5)
    assert report.lease is not None
    one.say(Said.COMPLETE, report.lease)
    with one.entry() as entry:
        loop.run_pass(entry, None)
    assert (one.run.status, one.run.busy_ended) == ("completed", 5.0)
    assert dict(RunAgent.objects.values_list("agent__name", "busy_seconds")) == {"celery": 0.0, "worker/1": 5.0}
    assert violations(one.now) == []


def test_a_worker_that_falls_silent_loses_it_to_the_next() -> None:
    one = made(1)
    one.sweep()
    take_up(one, "s0")
    one.clock.advance(16)
    (lost,) = sweep.overdue(one.now)
    with one.entry() as entry:
        transitions.apply(entry, [lost], 0.0)
        loop.run_pass(entry, None)
    assert (one.attempt("s0").epoch, one.attempt("s0").status) == (2, "leased")
    assert violations(one.now) == []


def test_cancelling_ends_what_nobody_has_taken_up_at_once() -> None:
    one = made()
    one.sweep()
    report = take_up(one, "s0")
    with one.entry() as entry:
        transitions.request_cancel(entry)
        loop.run_pass(entry, None)
    assert [one.status(key) for key in ("s0", "s1", "s2")] == ["in_progress", "cancelled", "cancelled"]
    assert report.lease is not None
    one.say(Said.CANCEL, report.lease)
    one.sweep()
    assert one.run.status == "cancelled"
    assert violations(one.now) == []


def test_a_run_that_is_paused_begins_nothing_and_loses_no_attempt() -> None:
    one = made()
    one.sweep()
    with one.entry() as entry:
        transitions.move(entry, "pause")
        loop.run_pass(entry, None)
    assert [one.subtask(key).attempts_used for key in ("s0", "s1")] == [0, 0]
    assert not Attempt.objects.filter(status__in=["leased", "running"]).exists()
    with one.entry() as entry:
        transitions.move(entry, "resume")
        loop.run_pass(entry, None)
    assert one.attempt("s0").status == "leased"
    assert violations(one.now) == []


def test_the_sweep_offers_again_what_has_been_waiting_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[broker.Message] = []
    monkeypatch.setattr(broker.publisher, "send_again", again.extend)
    one = made()
    one.sweep()
    take_up(one, "s0")
    leading.offer_again(one.now)
    assert again == []
    leading.offer_again(one.clock.advance(2))
    assert [message.attempt for message in again] == [one.attempt("s1").pk]


def test_what_lies_there_since_before_the_clock_was_set_back_is_offered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[broker.Message] = []
    monkeypatch.setattr(broker.publisher, "send_again", again.extend)
    one = made()
    one.sweep()
    leading.offer_again(one.clock.advance(-86_400))
    assert [message.attempt for message in again] == [one.attempt(key).pk for key in ("s0", "s1")]


def test_a_worker_hears_what_is_not_wanted_any_more() -> None:
    one = made()
    one.sweep()
    kept, stopped = take_up(one, "s0"), take_up(one, "s1", "worker/2")
    with one.entry() as entry:
        transitions.request_stop(entry, one.subtask("s1").pk)
    rows = [(report.attempt, report.epoch) for report in (kept, stopped)]
    assert sweep.unwanted(rows) == [stopped.attempt]


def test_without_a_broker_it_is_refused(settings: Any) -> None:
    settings.CELERY_BROKER_URL = ""
    assert "CELERY_BROKER_URL" in broker.hindrance()
