"""What a run gained and lost by being done by many: the figures that need its whole history."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runs.engine import speedup, states
from runs.engine.speedup import Slowdown, Spread
from runs.engine.waterfall import MICROSECONDS, Waterfall
from runs.insight import history, spent
from runs.insight.history import History
from runs.models import Attempt, Run, Subtask

# Above this many subtasks nobody waits for it: reading takes some ten microseconds a subtask and attempt.
MOST_SUBTASKS = 20_000


@dataclass(frozen=True, slots=True)
class Gained:
    """`overhead` is that of completed subtasks, in seconds; `slowdown` needs to know what one agent alone takes: it is
    `measured` against a baseline, or estimated from earlier runs in which one agent was at it."""

    waterfall: Waterfall
    overhead: Spread | None
    slowdown: Slowdown | None
    measured: bool


def gained(run: Run, now: datetime, until: float | None = None, most: int = MOST_SUBTASKS) -> Gained | None:
    """None where a run has not begun, or is too large. `until`: only of its first seconds."""
    if run.started_at is None or run.total > most:
        return None
    return of(run, history.read(run, now), until)


def of(run: Run, found: History, until: float | None = None) -> Gained:
    alone = seconds_alone(run)
    last = math.inf if until is None else until * MICROSECONDS
    return Gained(
        spent.of(run, found, alone, None if until is None else round(last)),
        speedup.spread(list(_overheads(found, last))),
        speedup.slowdown(_pairs(found, alone or usual_alone(run), last)),
        bool(alone),
    )


def seconds_alone(run: Run) -> dict[str, float]:
    """By key, what one agent alone takes, as far as that was measured: by the newest baseline that was completed."""
    made = Run.objects.filter(baseline_of=run.pk, status=states.Run.COMPLETED).order_by("-pk").first()
    if made is None:
        return {}
    done = Attempt.objects.filter(run=made.pk, status=states.Attempt.SUCCEEDED, started_at__isnull=False)
    rows: Any = done.values_list("subtask__key", "started_at", "finished_at", "asked_seconds")
    return {key: (finished - started).total_seconds() - asked for key, started, finished, asked in rows}


def usual_alone(run: Run) -> dict[str, float]:
    """By key, what the same took one agent in earlier runs (`runs/making/usual.py`)."""
    rows: Any = Subtask.objects.filter(run=run.pk, usual_seconds__isnull=False).values_list("key", "usual_seconds")
    return dict(rows)


def _overheads(found: History, last: float) -> Iterator[float]:
    """From the moment a subtask could have started to its start, and from its end to the moment that was recorded."""
    for one in found.every_try():
        if one.succeeded and not one.asked and one.ended is not None and one.ended <= last:
            recorded = one.ended if one.recorded is None else one.recorded
            yield max(0, one.begun - one.available + recorded - one.ended) / MICROSECONDS


def _pairs(found: History, alone: Mapping[str, float], last: float) -> Iterator[tuple[float, float]]:
    for row in found.rows if alone else ():
        for one in found.tries.get(row.id, ()):
            if one.succeeded and one.ended is not None and one.ended <= last and row.key in alone:
                asked = sum(until - since for since, until in one.questions)
                yield (one.ended - one.begun - asked) / MICROSECONDS, alone[row.key]
