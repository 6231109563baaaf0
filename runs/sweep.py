"""What no change asks for, looked after each second: leases that ran out, times that came, hints that were lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from runs import journal, transitions
from runs import statements as sql
from runs.backends.embedded import Embedded
from runs.engine import clocks, retry, states
from runs.engine.clocks import Watch
from runs.executors.base import Stop
from runs.orchestrating import narrowing, pacing
from runs.reports import Report, Said
from runs.sql import moment, stamp

SECONDS = 1.0
SOONEST_SECONDS = 0.05


class Sweep:
    """`seats` is the embedded backend of this process, or None where nothing is dispatched."""

    def __init__(self, seats: Embedded | None) -> None:
        self.seats = seats
        self._watch = Watch(SECONDS)
        self._pools = narrowing.Pools()

    def look_round(self, tick: float, now: datetime) -> tuple[list[Report], set[int]]:
        """Reports that nobody else will send, and runs that want a pass. `tick`: seconds of a clock nobody sets.

        After a time that does not count nobody is lost: leases are extended instead.
        """
        gap = self._watch.gap(tick, now)
        if gap is not None:
            extend_leases(now, gap)
        self._watch.looked(tick, now)
        if gap is not None:
            return [], set()
        reports, runs = overdue(now), set(runs_to_visit(now))
        if self.seats:
            reports += self.seats.beats(tick)
            surface(self.seats, tick, now)
            runs |= self.seats.let_go(tick)
            runs |= self._pools.look(self.seats, tick, now)
            runs |= pacing.look(self.seats, now)
        return reports, runs


def overdue(now: datetime) -> list[Report]:
    """Reports that nobody will send: leases that ran out, attempts over their time, cancels nobody answered."""
    found = []
    for run, attempt, epoch, stored, waits_for in sql.OVERDUE(now=stamp(now)):
        expires = moment(stored)
        if waits_for == states.Wait.PERSON:
            error = "nobody answered in time"
            found.append(Report(Said.TIME_OUT, run, attempt, epoch, error=error, retryable=False))
        elif expires is not None and expires <= now:
            error = f"no heartbeat for {settings.LEASE_SECONDS} s"
            found.append(Report(Said.LOSE, run, attempt, epoch, lease_ended_at=expires, error=error))
        else:
            found.append(Report(Said.TIME_OUT, run, attempt, epoch, error="it ran over its time"))
    patience = timedelta(seconds=settings.LEASE_SECONDS)
    for run, attempt, epoch, waits_for in sql.CANCEL_OVERDUE(since=stamp(now - patience)):
        error = "" if waits_for == states.Wait.PERSON else "did not answer the cancel in time"
        found.append(Report(Said.CANCEL, run, attempt, epoch, error=error))
    return found


def until_next(looked: datetime, now: datetime) -> float:
    """Seconds until the next look: SECONDS, or less where a lease ends before, so that its work is soon another's.

    `looked`: the time as of which the last look was taken; what it found may have taken a while to write.
    """
    [(stored,)] = sql.NEXT_END(now=stamp(looked))
    ends = moment(stored)
    return SECONDS if ends is None else min(SECONDS, max(SOONEST_SECONDS, (ends - now).total_seconds()))


def runs_to_visit(now: datetime) -> list[int]:
    """Unended runs in which a pass may find something to do."""
    silent = now - timedelta(seconds=settings.TRACKED_SILENCE_SECONDS)
    return [number for (number,) in sql.TO_VISIT(now=stamp(now), silent=stamp(silent))]


def forgotten(now: datetime, most: int) -> list[tuple[int, int, str, int, float]]:
    """What has lain in a queue for a second: attempt, epoch, lane, priority, time-out. The message may be lost. Of what
    came there at a time that is still to come, since the clock was set back, nobody knows how long."""
    return list(sql.FORGOTTEN(before=stamp(now - timedelta(seconds=SECONDS)), now=stamp(now), limit=most))


def unwanted(attempts: Sequence[tuple[int, int]]) -> list[int]:
    """Which of these (with their epochs) are to stop, or do not count any more."""
    return [number for (number,) in sql.UNWANTED(attempts)] if attempts else []


def extend_leases(now: datetime, gap: timedelta) -> None:
    """Moves the end of every open lease by the time that must not count, and writes that down. Runs are locked before
    their attempts, as everybody does."""
    with transaction.atomic():
        runs = [number for (number,) in sql.UNDER_WAY()]
        journal.lock_claims(runs)
        for run_id in runs:
            with journal.of(run_id, now, in_turn=True) as entry:
                entry.note("clock_step", topic="metrics", data={"gap_seconds": gap.total_seconds()})
        sql.EXTEND_LEASES(_moved(row, now, gap) for row in sql.OPEN_LEASES())
        if gap < timedelta():
            latest = stamp(now + timedelta(seconds=retry.LONGEST_SECONDS))
            sql.RETRY_SOONER(latest=latest)
            sql.LOOK_SOONER(latest=latest)


def _moved(row: tuple, now: datetime, gap: timedelta) -> tuple:
    """The times of an open attempt as they belong after a gap."""
    number, expires, deadline, beat, timeout = row
    longest = timedelta(seconds=settings.LEASE_SECONDS)
    lease = clocks.moved(moment(expires) or now, now, gap, longest)
    due = clocks.moved(ends, now, gap, longest + timedelta(seconds=timeout)) if (ends := moment(deadline)) else None
    return number, stamp(lease), stamp(due), stamp(min(moment(beat) or now, now))


def surface(seats: Embedded, tick: float, now: datetime) -> None:
    """Leases what has been running in place for too long to stay unseen; what nobody wants any more is stopped."""
    for worker, doing in seats.to_surface(tick):
        try:
            with transaction.atomic(), journal.of(doing.run_id, now) as entry:
                leases = transitions.lease(entry, [doing.lease.pick])
        except journal.NoSuchRun:
            leases = []
        for lease in leases:
            doing.lease.attempt, doing.lease.epoch = lease.attempt, lease.epoch
            seats.surfaced(worker)
        if not leases:
            doing.job.stop(Stop.CANCEL)
