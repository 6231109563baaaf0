"""The estimator's own record: how far what it said of runs was off, now that they have ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import mean, median

from django.db.models import QuerySet

from runs.engine import states
from runs.models import Checkpoint

EARLY, LATE = 0.25, 0.75
HAIR = 1e-9  # what is certain is certain to a rounding error
MISSES = 10.0  # what lies outside of a band for 80 % weighs ten times (the interval score of Gneiting and Raftery)


@dataclass(frozen=True, slots=True)
class Score:
    """One checkpoint that was shown. `share`: of the run that was over; the rest is in percent of its whole time."""

    run: int
    share: float
    error: float
    inside: bool
    interval: float


@dataclass(frozen=True, slots=True)
class Record:
    """Errors are medians; `early` is of the first quarter of runs, `late` of the last; None where there is nothing of
    it. `interval_score`: mean; the width of the band, and ten times what was missed."""

    runs: int
    checkpoints: int
    error_percent: float
    early_error_percent: float | None
    late_error_percent: float | None
    coverage_percent: float
    interval_score: float


def record(runs: Collection[int]) -> Record | None:
    """Of these runs; None when none of them tells."""
    return of(scores(runs))


def by_run(runs: Collection[int]) -> dict[int, Record]:
    """Of each of these runs that tells."""
    found: dict[int, list[Score]] = {}
    for one in scores(runs):
        found.setdefault(one.run, []).append(one)
    return {run: made for run, each in found.items() if (made := of(each))}


def scores(runs: Collection[int]) -> list[Score]:
    """Of the checkpoints that were shown, of those of these runs that came to the end they were heading for."""
    made = resolved(Checkpoint.objects.filter(run__in=runs, shown=True)).order_by("run", "point")
    columns = ("run", "elapsed", "eta", "low", "high", "run__started_at", "run__finished_at")
    rows = made.values_list(*columns)
    found = (_score(run, row, (until - since).total_seconds()) for run, *row, since, until in rows)
    return [one for one in found if one]


def resolved(checkpoints: QuerySet[Checkpoint]) -> QuerySet[Checkpoint]:
    """Those of runs that came to the end they were heading for, and were not held since."""
    ended = checkpoints.filter(judged=True, run__status__in=[states.Run.COMPLETED, states.Run.FAILED])
    return ended.filter(run__end_reason__in=["done", "failed"], run__started_at__isnull=False)


def of(found: Sequence[Score]) -> Record | None:
    if not found:
        return None
    early, late = ([one.error for one in found if part(one.share)] for part in (_is_early, _is_late))
    return Record(
        runs=len({one.run for one in found}),
        checkpoints=len(found),
        error_percent=median(one.error for one in found),
        early_error_percent=median(early) if early else None,
        late_error_percent=median(late) if late else None,
        coverage_percent=100 * mean(one.inside for one in found),
        interval_score=mean(one.interval for one in found),
    )


def _is_early(share: float) -> bool:
    return share <= EARLY


def _is_late(share: float) -> bool:
    return share >= LATE


def _score(run: int, row: Sequence[float], total: float) -> Score | None:
    elapsed, eta, low, high = row
    left = total - elapsed
    if total <= 0 or left < 0:
        return None
    missed = max(low - left, left - high, 0.0)
    interval = 100 * (high - low + MISSES * missed) / total
    return Score(run, elapsed / total, 100 * abs(eta - left) / total, missed <= HAIR * total, interval)
