"""What the timeline draws, as its script reads it. Times are milliseconds since the run began."""

from datetime import datetime
from typing import Any

from runs import queries
from runs.models import Run
from runs.reading import ahead, busiest, past, rested
from runs.reading import timeline as bars


def answer(run: Run, after: str, now: datetime) -> dict[str, Any]:
    """Bars from `after` on (see `runs/reading/timeline.py`), and once they are through, what is expected to come."""
    found = bars.chunk(run, after)
    return {
        "bars": found.bars,
        "agents": found.agents,
        "after": found.after,
        "more": found.more,
        "now": now.isoformat(),
        "origin": bars.origin(run).isoformat(),
        "end": run.finished_at and run.finished_at.isoformat(),
        "rested": round(1000 * queries.rested(run, now)),
        "rests": _rests(run),
        "max_agents": run.max_agents,
        "held": busiest.described(run),
        "ahead": [] if found.more else _ahead(run, now),
        "ends": _ends(run),
    }


def _ahead(run: Run, now: datetime) -> list[list[Any]]:
    """Agent id, start, end, key, and whether it holds the busiest resource then; without agents that are to come."""
    at, coming = ahead.of(run, now)
    zero = (at - bars.origin(run)).total_seconds()
    held = busiest.of(run)
    keys = held.keys if held else frozenset[str]()
    return [
        [one.seat, round(1000 * (zero + one.start)), round(1000 * (zero + one.end)), one.key, int(one.key in keys)]
        for one in coming
        if one.seat > 0
    ]


def _ends(run: Run) -> list[int] | None:
    """The earliest and the latest that its end is expected, if it is."""
    if run.finished_at or run.eta_low_at is None or run.eta_high_at is None:
        return None
    return [round(1000 * (at - bars.origin(run)).total_seconds()) for at in (run.eta_low_at, run.eta_high_at)]


def _rests(run: Run) -> list[list[int]]:
    """From when to when nobody was to be at work; of a run that has ended, whose past can be looked at."""
    if run.finished_at is None:
        return []
    zero = bars.origin(run)
    rests = sorted(past.rests(run) + rested.rests(run, run.finished_at))
    return [[round(1000 * (at - zero).total_seconds()) for at in rest] for rest in rests]
