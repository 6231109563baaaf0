"""What is said about attempts: starts, beats and ends, each accepted only from the attempt that counts."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import timedelta

from django.conf import settings

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.reports import Found, Report, Said, Verdict
from runs.sql import moment, stamp
from runs.transitions import asking, queued
from runs.transitions.ending import OUTCOMES, end
from runs.transitions.found import look_up, note


def apply(entry: Entry, reports: Sequence[Report], chance: float) -> None:
    """Carries out reports about attempts of this run, and gives each its verdict. `chance` is the retries' jitter."""
    found = look_up(entry, {report.attempt for report in reports})
    for report in reports:
        report.verdict = None  # of a transaction that was rolled back
    for group in _groups(reports):
        live = [(report, found[report.attempt]) for report in group if _is_live(report, found.get(report.attempt))]
        if not live:
            continue
        if group[0].said is Said.START:
            _begin(entry, live)
        elif group[0].said is Said.BEAT:
            live = [(report, found) for report, found in live if queued.is_at_work(report, found)]
            live = [(report, found) for report, found in live if asking.may_ask(report, found)]
            # The first report starts the attempt, whatever it says.
            _start(entry, [(report, found) for report, found in live if found.status == states.Attempt.LEASED])
            _beat(entry, live)
        else:
            end(entry, live, chance)


def _groups(reports: Sequence[Report]) -> Iterable[list[Report]]:
    """Starts, then beats, then ends; of several of one sort about one attempt, the later in a later group."""
    starts = [report for report in reports if report.said is Said.START]
    beats = [report for report in reports if report.said is Said.BEAT]
    ends = [report for report in reports if report.ends]
    for left in (starts, beats, ends):
        while left:
            group: dict[int, Report] = {}
            left = [report for report in left if group.setdefault(report.attempt, report) is not report]
            yield list(group.values())


def _is_live(report: Report, found: Found | None) -> bool:
    """Whether the attempt it is about still counts; if not, the report has its verdict."""
    if found is None:
        report.verdict = Verdict.UNKNOWN
        return False
    report.found, report.current, report.current_epoch = found, found.status, found.epoch
    renewed = report.lease_ended_at is not None and report.lease_ended_at != moment(found.lease_expires_at)
    if report.epoch == found.epoch == found.subtask_epoch and found.status in states.ATTEMPT_OPEN and not renewed:
        return True
    report.verdict = Verdict.SAME if _said_before(report, found) else Verdict.REFUSED
    return False


def _said_before(report: Report, found: Found) -> bool:
    if report.epoch != found.epoch or not report.ends or OUTCOMES[report.said] != found.status:
        return False
    return report.said is not Said.COMPLETE or report.digest == found.result_digest


def _begin(entry: Entry, live: list[tuple[Report, Found]]) -> None:
    _start(entry, [(report, found) for report, found in live if report.taken_by is None])
    if from_queue := [(report, found) for report, found in live if report.taken_by is not None]:
        queued.take_up(entry, from_queue)


def _start(entry: Entry, live: list[tuple[Report, Found]]) -> None:
    if not live:
        return
    rows = []
    for report, found in live:
        at = report.at or entry.now
        rows.append((found.attempt, report.epoch, stamp(at), stamp(at + timedelta(seconds=found.timeout_seconds))))
    won = {number for (number,) in sql.START_ATTEMPTS(rows)}
    sql.START_SUBTASKS(
        [(found.subtask, stamp(report.at or entry.now)) for report, found in live if found.attempt in won]
    )
    for report, found in live:
        report.verdict = Verdict.ACCEPTED if found.attempt in won else Verdict.SAME
        if found.attempt in won:
            found.status = report.current = states.Attempt.RUNNING
            found.started_at = stamp(report.at or entry.now)
            note(entry, "started", found, before=states.Status.IN_PROGRESS, after=states.Status.IN_PROGRESS)


def _beat(entry: Entry, live: list[tuple[Report, Found]]) -> None:
    if not live:
        return
    until = entry.now + timedelta(seconds=settings.LEASE_SECONDS)
    expires = stamp(until)
    rows = [(found.attempt, report.epoch, report.progress, report.message) for report, found in live]
    won = {number for (number,) in sql.RENEW(rows, now=stamp(entry.now), expires=expires)}
    heard = [(report, found) for report, found in live if found.attempt in won]
    _show(entry, [(one, found) for one, found in heard if one.progress is not None or one.message is not None])
    _use(entry, [report for report, _ in heard if report.usage])
    asking.put(entry, [(report, found) for report, found in heard if report.question])
    for report, found in live:
        report.verdict = Verdict.ACCEPTED if found.attempt in won else Verdict.REFUSED
        report.lease_expires_at = max(until, moment(found.lease_expires_at) or until)


def _show(entry: Entry, told: Sequence[tuple[Report, Found]]) -> None:
    """What agents say of how far they are: to the pages, and into the log."""
    if told:
        sql.SHOW_PROGRESS([(found.subtask, report.epoch, report.progress, report.message) for report, found in told])
    for report, found in told:
        note(entry, "progress", found, data={"progress": report.progress, "message": report.message})


def _use(entry: Entry, reports: Sequence[Report]) -> None:
    """Adds what was used since the last report."""
    if reports:
        sql.ADD_USAGE([(one.attempt, one.epoch, *astuple(one.usage)) for one in reports])
    for one in reports:
        entry.add(input_tokens=one.usage.input_tokens, output_tokens=one.usage.output_tokens, cost=one.usage.cost)
