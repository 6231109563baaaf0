"""Attempts that wait in a queue for whoever takes them up. Until then nobody is at them, and no lease runs."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.leases import Lease, Pick
from runs.reports import Found, Report, Verdict
from runs.sql import moment, stamp
from runs.transitions.found import note
from runs.transitions.leasing import of_leased


def take_up(entry: Entry, live: Sequence[tuple[Report, Found]]) -> None:
    """The worker of each report (`taken_by`) begins with the attempt, unless another has: that one is refused."""
    until = stamp(entry.now + timedelta(seconds=settings.LEASE_SECONDS))
    rows = [(found.attempt, report.epoch, report.taken_by, *_times(entry, report, found)) for report, found in live]
    won = {number for (number,) in sql.TAKE_UP(rows, now=stamp(entry.now), expires=until)}
    taken = [(report, found) for report, found in live if found.attempt in won]
    for report, _ in live:
        report.verdict = Verdict.ACCEPTED if report.attempt in won else Verdict.REFUSED
    sql.START_SUBTASKS([(found.subtask, stamp(entry.now)) for _, found in taken])
    for report, lease in zip([report for report, _ in taken], _leases(taken)):
        report.lease = lease
    for report, found in taken:
        _begun(entry, report, found)


def is_at_work(report: Report, found: Found) -> bool:
    """Nobody has anything to say of what lies in a queue; if so, the report has its verdict."""
    if found.status != states.Attempt.LEASED or found.lease_expires_at is not None:
        return True
    report.verdict = Verdict.REFUSED
    return False


def _times(entry: Entry, report: Report, found: Found) -> tuple[str | None, str | None]:
    return stamp(report.free_since or entry.now), stamp(entry.now + timedelta(seconds=found.timeout_seconds))


def _begun(entry: Entry, report: Report, found: Found) -> None:
    """Work begins now: the time in the queue is nobody's."""
    assert report.taken_by is not None
    leased = moment(found.leased_at) or entry.now
    entry.add(open_started_sum=entry.seconds(entry.now) - entry.seconds(leased))
    entry.load(found.agent).opened -= 1
    entry.load(report.taken_by).opened += 1
    found.agent = report.taken_by
    found.status = report.current = states.Attempt.RUNNING
    found.started_at = found.leased_at = stamp(entry.now)
    note(entry, "started", found, before=states.Status.IN_PROGRESS, after=states.Status.IN_PROGRESS)


def _leases(taken: Sequence[tuple[Report, Found]]) -> list[Lease]:
    picks = [
        Pick(
            subtask=found.subtask,
            epoch=report.epoch,
            lane=found.lane,
            alone=found.alone,
            timeout_seconds=found.timeout_seconds,
            agent=report.taken_by or 0,
            available_at=moment(found.available_at) or report.free_since,  # type: ignore[arg-type]
        )
        for report, found in taken
    ]
    leases = of_leased(picks)
    for (report, _), lease in zip(taken, leases):
        lease.attempt = report.attempt
    return leases


def waiting_in_queue(entry: Entry, *, unwanted: bool) -> list[tuple[int, int]]:
    """Attempts (with their epochs) that nobody has taken up: all, or those of what was asked to stop."""
    return list(sql.QUEUED(run=entry.run_id, all=int(not unwanted)))
