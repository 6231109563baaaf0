"""What is said about attempts, many reports at a time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from runs import transitions
from runs.leases import Lease
from runs.models import Event
from runs.reports import Report, Said, Verdict
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


def together(made: Work, *told: tuple[Said, Lease] | tuple[Said, Lease, dict[str, Any]]) -> list[Verdict | None]:
    """Says all of this in one transaction."""
    reports = []
    for said, lease, *more in told:
        reports.append(Report(said, made.run_id, lease.attempt, lease.epoch, **(more[0] if more else {})))
    with made.entry() as entry:
        transitions.apply(entry, reports, 0.0)
    assert violations(made.now) == []
    return [report.verdict for report in reports]


def test_of_two_ends_of_one_attempt_the_first_counts() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    assert together(made, (Said.COMPLETE, lease), (Said.FAIL, lease)) == [Verdict.ACCEPTED, Verdict.REFUSED]
    assert made.status("x") == "completed"


def test_the_same_end_twice_in_one_batch_is_one_end() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    assert together(made, (Said.COMPLETE, lease), (Said.COMPLETE, lease)) == [Verdict.ACCEPTED, Verdict.SAME]
    assert made.kinds("x").count("completed") == 1


def test_a_batch_is_started_and_renewed_before_it_is_ended() -> None:
    made = work({"x": {}})
    lease = made.lease("x")
    told = together(made, (Said.COMPLETE, lease), (Said.BEAT, lease, {"progress": 0.9}), (Said.START, lease))
    assert told == [Verdict.ACCEPTED] * 3
    assert made.kinds("x") == ["leased", "started", "progress", "completed"]


def test_several_beats_of_one_attempt_are_all_written_and_the_last_stands() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    beats = [(Said.BEAT, lease, {"progress": share, "message": f"{share:.0%}"}) for share in (0.1, 0.2, 0.3)]
    assert together(made, *beats) == [Verdict.ACCEPTED] * 3
    told = (
        Event.objects.filter(run=made.run_id, kind="progress").order_by("seq").values_list("data__progress", flat=True)
    )
    assert list(told) == [0.1, 0.2, 0.3]
    assert (made.subtask("x").progress, made.subtask("x").message) == (0.3, "30%")


def test_one_bad_report_does_not_hurt_its_neighbours() -> None:
    made = work({"a": {}, "b": {}, "c": {}})
    first, second, third = (made.begin(key, f"agent-{key}") for key in "abc")
    second.epoch += 1
    nobody = replace(first, attempt=999_999)
    told = together(made, (Said.COMPLETE, first), (Said.COMPLETE, second), (Said.FAIL, nobody), (Said.FAIL, third))
    assert told == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNKNOWN, Verdict.ACCEPTED]
    assert [made.status(key) for key in "abc"] == ["completed", "in_progress", "pending"]


def test_a_beat_moves_the_end_of_the_lease() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(5)
    made.say(Said.BEAT, lease)
    assert made.attempt("x").lease_expires_at == NOW + timedelta(seconds=20)
    assert made.kinds("x") == ["leased", "started"]


def test_a_beat_never_shortens_a_lease() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(-1)
    made.say(Said.BEAT, lease)
    assert made.attempt("x").lease_expires_at == NOW + timedelta(seconds=15)


def test_a_lease_that_ran_out_lives_on_when_a_beat_comes_before_the_sweep() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(60)
    assert made.say(Said.BEAT, lease).verdict is Verdict.ACCEPTED
    assert made.attempt("x").lease_expires_at == made.now + timedelta(seconds=15)


def test_a_beat_keeps_what_it_does_not_speak_of() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.say(Said.BEAT, lease, progress=0.4, message="reading")
    made.say(Said.BEAT, lease, progress=0.5)
    made.say(Said.BEAT, lease, message="writing")
    assert (made.subtask("x").progress, made.subtask("x").message) == (0.5, "writing")
    assert (made.attempt("x").progress, made.attempt("x").message) == (0.5, "writing")


def test_a_start_says_when_the_time_is_up() -> None:
    made = work({"x": {"timeout_seconds": 60}})
    lease = made.lease("x")
    made.clock.advance(10)
    made.say(Said.START, lease)
    attempt = made.attempt("x")
    assert (attempt.status, attempt.started_at) == ("running", NOW + timedelta(seconds=10))
    assert attempt.deadline_at == NOW + timedelta(seconds=70)
    assert made.subtask("x").started_at == attempt.started_at


def test_a_second_start_changes_nothing() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.clock.advance(3)
    assert made.say(Said.START, lease).verdict is Verdict.SAME
    assert made.attempt("x").started_at == NOW


def test_a_verdict_of_a_transaction_that_failed_is_forgotten() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    made.say(Said.LOSE, lease)
    report = Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch, verdict=Verdict.ACCEPTED)
    with made.entry() as entry:
        transitions.apply(entry, [report], 0.0)
    assert report.verdict is Verdict.REFUSED
