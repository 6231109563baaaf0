"""What a run gained and lost by being done by many: the figures that need its whole history."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from runs.engine import speedup, states
from runs.engine.speedup import Slowdown, Spread
from runs.engine.waterfall import MICROSECONDS, Waterfall
from runs.estimating import past
from runs.insight import history, spent
from runs.insight.history import History
from runs.models import Attempt, Backend, Run, Subtask

# Above this many subtasks nobody waits for it: reading takes some ten microseconds a subtask and attempt.
MOST_SUBTASKS = 20_000
FEWEST = 3  # of a kind, to say what one agent alone takes for it


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
    rows: Any = done.values_list("subtask__key", "started_at", "finished_at")
    return {key: (finished - started).total_seconds() for key, started, finished in rows}


def usual_alone(run: Run) -> dict[str, float]:
    """By key, what subtasks of the kind took in earlier runs in which never more than one was under way: the median of
    three at least."""
    before = Run.objects.filter(owner=run.owner_id, finished_at__lte=run.started_at, peak_open=1, completed__gt=0)
    earlier = before.exclude(pk=run.pk).exclude(backend=Backend.TRACKED).order_by("-pk")[: past.MOST_RUNS]
    took: dict[str, list[float]] = {}
    for number, backend in earlier.values_list("pk", "backend"):
        for kind, seconds in past.of_run(number, backend):
            took.setdefault(kind, []).append(seconds)
    usual = {kind: median(seconds) for kind, seconds in took.items() if len(seconds) >= FEWEST}
    if not usual:
        return {}
    kinds = past.kinds_of(run)
    keys = Subtask.objects.filter(run=run.pk).values_list("pk", "key")
    return {key: usual[kinds[number]] for number, key in keys if kinds.get(number) in usual}


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
                yield (one.ended - one.begun) / MICROSECONDS, alone[row.key]
