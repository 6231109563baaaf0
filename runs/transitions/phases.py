"""Barriers: the next phase begins when all of the one before it have ended."""

from datetime import timedelta

from django.conf import settings

from runs import statements as sql
from runs.engine import phases, states
from runs.entry import Entry
from runs.sql import stamp


def begin_phases(entry: Entry) -> None:
    """Begins the next phase when all of the one under way have ended, whatever their end, or when some have kept the
    others waiting for longer than barriers last; again, until one has something left to do."""
    while entry["at_barrier"]:
        ((unended, arrived),) = sql.PHASE(run=entry.run_id, phase=entry["phase"])
        _count_down(entry, bool(arrived))
        until = entry["barrier_until"]
        opened = phases.opened(unended=bool(unended), timed_out=until is not None and until <= entry.now)
        if opened is None:
            return
        _begin(entry, opened)
    if entry["barrier_until"] is not None:
        entry.mark(barrier_until=None)


def _count_down(entry: Entry, arrived: bool) -> None:
    """A barrier lasts so long from the first that arrives. The time in which nothing starts does not count."""
    if entry["status"] != states.Run.RUNNING:
        entry.mark(barrier_until=None)
    elif arrived and entry["barrier_until"] is None:
        entry.mark(barrier_until=entry.now + timedelta(seconds=settings.BARRIER_SECONDS))


def _begin(entry: Entry, opened: phases.Opened) -> None:
    ((phase,),) = sql.NEXT_PHASE(run=entry.run_id, phase=entry["phase"])
    rows = sql.BEGIN_PHASE(run=entry.run_id, phase=phase, now=stamp(entry.now))
    free = [bool(outside) for unmet, outside in rows if not unmet]
    entry.add(at_barrier=-len(rows), blocked=-len(free), outside=sum(free))
    entry.note("phase_begun", data={"phase": phase, "after": entry["phase"], "barrier": opened})
    entry.mark(phase=phase, barrier_until=None)
