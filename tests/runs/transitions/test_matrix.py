"""Every state a subtask can be in, and every verb: accepted or refused as the table says, and history with it."""

from collections.abc import Callable
from typing import Any

import pytest

from runs import transitions
from runs.engine import states
from runs.engine.states import VERBS, Status
from runs.leases import Lease
from runs.models import Attempt
from runs.reports import Report, Said, Verdict
from tests.runs.factories import Work, dump, violations, work

pytestmark = pytest.mark.django_db

NOBODY = Lease(0, 1, None, "x", "", None, None, 0, 0)  # type: ignore[arg-type]


# ---- the states, each reached the way work reaches it ----


def asked(made: Work) -> None:
    with made.entry() as entry:
        assert transitions.request_stop(entry, made.subtask("x").pk) == 1


def cancelled_before_it_started(made: Work) -> None:
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("x").pk, "it was cancelled")


def leased_and_asked(made: Work) -> Lease:
    lease = made.lease("x")
    asked(made)
    return lease


def running_and_asked(made: Work) -> Lease:
    lease = made.begin("x")
    asked(made)
    return lease


def ended(said: Said, **more: Any) -> Callable[[Work], Lease]:
    def reach(made: Work) -> Lease:
        lease = made.begin("x")
        assert made.say(said, lease, **more).verdict is Verdict.ACCEPTED
        return lease

    return reach


def leased_anew(made: Work) -> Lease:
    """The lease that was lost; another agent has the subtask now."""
    lost = made.begin("x")
    made.say(Said.LOSE, lost)
    made.lease("x", "agent-2")
    return lost


def skipped(made: Work) -> None:
    made.do("a", Said.FAIL, retryable=False)


STATES: dict[str, Callable[[Work], Lease | None]] = {
    "blocked": lambda made: None,
    "ready": lambda made: None,
    "delayed": ended(Said.FAIL),
    "leased": lambda made: made.lease("x"),
    "running": lambda made: made.begin("x"),
    "leased and asked to stop": leased_and_asked,
    "running and asked to stop": running_and_asked,
    "completed": ended(Said.COMPLETE, result={"lines": 7}),
    "failed": ended(Said.FAIL, retryable=False),
    "timed out": ended(Said.TIME_OUT),
    "lost": ended(Said.LOSE),
    "handed back": ended(Said.RELEASE),
    "cancelled under way": ended(Said.CANCEL),
    "cancelled before it started": cancelled_before_it_started,
    "skipped": skipped,
    "leased anew": leased_anew,
}
_NEEDS = {"blocked": {"needs": ["a"]}, "skipped": {"needs": ["a"]}}
_RETRIES = {"timed out": {"max_retries": 0}, "lost": {"max_retries": 0}}


def reach(state: str) -> tuple[Work, Lease]:
    made = work({"a": {}, "x": _NEEDS.get(state, {}) | _RETRIES.get(state, {})})
    return made, STATES[state](made) or NOBODY


# ---- the verbs, and which lines of the table allow them ----

REPORTS: dict[str, tuple[Said, dict[str, Any], list[str]]] = {
    "start": (Said.START, {}, ["start"]),
    "complete": (Said.COMPLETE, {"result": {"lines": 7}}, ["complete"]),
    "fail": (Said.FAIL, {"error": "no such file"}, ["retry_failed", "fail", "cancel_failed"]),
    "fail for good": (Said.FAIL, {"retryable": False}, ["fail", "cancel_failed"]),
    "time out": (Said.TIME_OUT, {}, ["retry_timed_out", "time_out", "cancel_timed_out"]),
    "lose": (Said.LOSE, {}, ["retry_lost", "lose", "cancel_lost"]),
    "release": (Said.RELEASE, {}, ["release", "cancel"]),
    "cancel": (Said.CANCEL, {}, ["cancel"]),
}
ENDED_AS = {
    "complete": "succeeded",
    "fail": "failed",
    "fail for good": "failed",
    "time out": "timed_out",
    "lose": "lost",
    "release": "cancelled",
    "cancel": "cancelled",
}


def at(made: Work, lease: Lease) -> tuple[str, str | None]:
    """The states of the subtask and of the attempt that a report is about."""
    attempt = Attempt.objects.filter(pk=lease.attempt).first()
    return made.status("x"), attempt.status if attempt else None


def counts(made: Work, lease: Lease) -> bool:
    return lease.epoch == made.subtask("x").epoch


@pytest.mark.parametrize("verb", REPORTS)
@pytest.mark.parametrize("state", STATES)
def test_a_report_is_accepted_exactly_where_the_table_says(state: str, verb: str) -> None:
    made, lease = reach(state)
    said, more, lines = REPORTS[verb]
    before, rows, told = at(made, lease), dump(), made.kinds("x")
    ways = [
        VERBS[line]
        for line in lines
        if counts(made, lease)
        and before[0] in VERBS[line].subtask_from
        and before[1] in (VERBS[line].attempt_from or ())
    ]

    report = made.say(said, lease, **more)

    if ways:
        assert report.verdict is Verdict.ACCEPTED
        assert at(made, lease) in [(way.subtask_to or before[0], way.attempt_to) for way in ways]
        assert len(made.kinds("x")) == len(told) + 1
        assert report.current == at(made, lease)[1]
    else:
        assert dump() == rows
        assert report.verdict is refusal(verb, before[1])
        assert report.current == before[1]
    assert violations(made.now) == []


def refusal(verb: str, attempt: str | None) -> Verdict:
    """The verdict on a report that changes nothing: it was never heard of, is there already, or comes too late."""
    if attempt is None:
        return Verdict.UNKNOWN
    said_already = ENDED_AS.get(verb) == attempt or (verb == "start" and attempt == "running")
    return Verdict.SAME if said_already else Verdict.REFUSED


@pytest.mark.parametrize("state", STATES)
def test_a_beat_renews_the_lease_of_an_attempt_that_counts_and_no_other(state: str) -> None:
    made, lease = reach(state)
    before, rows, told = at(made, lease), dump(), made.kinds("x")
    made.clock.advance(3)

    report = made.say(Said.BEAT, lease, progress=0.5)

    if before[1] in states.ATTEMPT_OPEN and counts(made, lease):
        assert report.verdict is Verdict.ACCEPTED
        assert made.attempt("x").last_beat_at == made.now
        assert made.attempt("x").progress == made.subtask("x").progress == 0.5
        first = ["started"] if before[1] == "leased" else []
        assert made.kinds("x") == [*told, *first, "progress"]
    else:
        assert report.verdict is (Verdict.UNKNOWN if before[1] is None else Verdict.REFUSED)
        assert dump() == rows
    assert violations(made.now) == []


@pytest.mark.parametrize("state", STATES)
def test_only_a_subtask_that_can_start_is_leased(state: str) -> None:
    made, _ = reach(state)
    rows, told, epoch = dump(), made.kinds("x"), made.subtask("x").epoch
    with made.entry() as entry:
        leases = transitions.lease(entry, [made.pick("x", "agent-3")])
    if state in ("ready", "handed back"):
        assert (made.status("x"), made.attempt("x").status) == ("in_progress", "leased")
        assert [lease.epoch for lease in leases] == [made.subtask("x").epoch] == [epoch + 1]
        assert made.kinds("x") == [*told, "leased"]
    else:
        assert leases == []
        assert dump() == rows
    assert violations(made.now) == []


@pytest.mark.parametrize("state", STATES)
def test_only_a_pending_subtask_is_cancelled_at_once(state: str) -> None:
    made, _ = reach(state)
    pending, rows, told = made.status("x") == Status.PENDING, dump(), made.kinds("x")
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("x").pk, "it was cancelled") == pending
    if pending:
        assert made.status("x") == VERBS["cancel_pending"].subtask_to
        assert made.kinds("x") == [*told, "cancelled"]
    else:
        assert dump() == rows
    assert violations(made.now) == []


@pytest.mark.parametrize("state", STATES)
def test_only_a_subtask_under_way_is_asked_to_stop_and_only_once(state: str) -> None:
    made, _ = reach(state)
    rows, told = dump(), made.kinds("x")
    with made.entry() as entry:
        count = transitions.request_stop(entry, made.subtask("x").pk)
    if state in ("leased", "running", "leased anew"):
        assert count == 1
        assert made.kinds("x") == [*told, "stop_requested"]
        assert made.status("x") == "in_progress"
    else:
        assert count == 0
        assert dump() == rows
    assert violations(made.now) == []


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.SKIPPED])
@pytest.mark.parametrize("state", STATES)
def test_all_that_is_pending_can_be_ended_and_nothing_else(state: str, status: Status) -> None:
    made, _ = reach(state)
    before, told = made.status("x"), made.kinds("x")
    with made.entry() as entry:
        transitions.end_pending(entry, status, "the run is over")
    if before == Status.PENDING:
        assert made.status("x") == status
        assert made.kinds("x") == [*told, status]
    else:
        assert (made.status("x"), made.kinds("x")) == (before, told)
    assert violations(made.now) == []


# ---- what is said again, and what is said too late ----

ENDS = [verb for verb in REPORTS if verb != "start"]


@pytest.mark.parametrize("verb", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_an_end_said_again_is_the_same_and_another_end_is_refused(first: str, verb: str) -> None:
    made, lease = reach("running")
    made.say(REPORTS[first][0], lease, **REPORTS[first][1])
    rows = dump()
    again = made.say(REPORTS[verb][0], lease, **REPORTS[verb][1])
    assert again.verdict is (Verdict.SAME if ENDED_AS[first] == ENDED_AS[verb] else Verdict.REFUSED)
    assert dump() == rows


def test_completing_again_with_another_result_is_refused() -> None:
    made, lease = reach("completed")
    rows = dump()
    assert made.say(Said.COMPLETE, lease, result={"lines": 8}).verdict is Verdict.REFUSED
    assert made.say(Said.COMPLETE, lease, result={"lines": 7}).verdict is Verdict.SAME
    assert dump() == rows


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("verb", [*REPORTS, "beat"])
@pytest.mark.parametrize("state", ["leased", "running", "running and asked to stop", "completed", "handed back"])
def test_a_stale_epoch_is_refused_and_changes_nothing(state: str, verb: str, step: int) -> None:
    made, lease = reach(state)
    rows = dump()
    said, more, _ = REPORTS.get(verb, (Said.BEAT, {}, []))
    assert made.say(said, lease, epoch=lease.epoch + step, **more).verdict is Verdict.REFUSED
    assert dump() == rows


@pytest.mark.parametrize("verb", [*REPORTS, "beat"])
def test_an_agent_that_was_presumed_dead_cannot_speak_for_its_successor(verb: str) -> None:
    made, lost = reach("leased anew")
    rows = dump()
    said, more, _ = REPORTS.get(verb, (Said.BEAT, {}, []))
    assert made.say(said, lost, epoch=lost.epoch + 1, **more).verdict is Verdict.REFUSED
    assert made.say(said, lost, **more).verdict is (Verdict.SAME if verb == "lose" else Verdict.REFUSED)
    assert dump() == rows


def test_a_report_about_another_run_is_unknown() -> None:
    _, lease = reach("running")
    other = work({"y": {}})
    rows = dump()
    report = Report(Said.COMPLETE, other.run_id, lease.attempt, lease.epoch)
    with other.entry() as entry:
        transitions.apply(entry, [report], 0.0)
    assert report.verdict is Verdict.UNKNOWN
    assert dump() == rows
