"""What past runs gained: the newest that ended within some days, one by one, together, and by kind of task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.db.models.fields.json import KeyTextTransform

from runs import queries
from runs.insight.told import EtaRecord, eta_record
from runs.models import Run, Subtask

MOST_RUNS = 200
LOOKED_THROUGH = 200  # of the newest runs, for the last end
LOOKED_AT = 200  # subtasks of each, for its kind
OUTSIDE = "outside"  # has no executor: agents from outside do it


@dataclass(frozen=True, slots=True)
class Line:
    """A run, its kind, and its counters as everywhere (`progress`)."""

    run: Run
    kind: str
    progress: dict[str, Any]

    @property
    def speedup(self) -> float | None:
        """Measured against a baseline where there was one."""
        found: float | None = self.progress["baseline_speedup"] or self.progress["speedup"]
        return found

    @property
    def paid(self) -> bool:
        return self.progress["verdict"] != "parallel does not pay"


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians of some runs; None where no run knows."""

    kind: str
    runs: int
    speedup: float | None
    efficiency_percent: float | None
    overhead_seconds: float | None
    eta: EtaRecord | None


@dataclass(frozen=True, slots=True)
class Past:
    lines: list[Line]
    whole: Summary
    kinds: list[Summary]

    @property
    def did_not_pay(self) -> list[Line]:
        return [line for line in self.lines if not line.paid]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time looked back at, and the runs that ended in it; no summary where there are none."""

    since: datetime
    until: datetime
    summary: Summary | None


def past(owner_id: int, days: int, now: datetime, status: str = "") -> Past:
    """The newest first. Undoing and measuring are no work of their own: rollbacks and baselines are left out.
    `status`: only runs that ended so."""
    lines = lines_of(list(_newest(owner_id, days, now, status).defer("result")), now)
    kinds = sorted({line.kind for line in lines})
    by_kind = [_summary(kind, [line for line in lines if line.kind == kind]) for kind in kinds]
    return Past(lines, _summary("", lines), by_kind)


def ended(owner_id: int, days: int, now: datetime, status: str = "") -> QuerySet[Run]:
    """The same runs, as rows to count."""
    return Run.objects.filter(pk__in=list(_newest(owner_id, days, now, status).values_list("pk", flat=True)))


def last_end(owner_id: int) -> datetime | None:
    """When the last of them ended, of the newest LOOKED_THROUGH; enough to tell that there is something new."""
    newest = Run.objects.filter(owner=owner_id).order_by("-pk").values("pk")[:LOOKED_THROUGH]
    last: datetime | None = Run.objects.filter(pk__in=newest).aggregate(last=Max("finished_at"))["last"]
    return last


def count(owner_id: int, days: int, now: datetime, status: str = "") -> int:
    """All that ended then, not only the newest."""
    return _matching(owner_id, days, now, status).count()


def _newest(owner_id: int, days: int, now: datetime, status: str) -> QuerySet[Run]:
    return _matching(owner_id, days, now, status).order_by("-pk")[:MOST_RUNS]


def _matching(owner_id: int, days: int, now: datetime, status: str) -> QuerySet[Run]:
    runs = Run.objects.filter(owner=owner_id, finished_at__gte=now - timedelta(days=days))
    if status:
        runs = runs.filter(status=status)
    return runs.filter(baseline_of=None, rollback_of=None)


def stretches(lines: Sequence[Line], now: datetime, days: int, number: int) -> list[Stretch]:
    """The last days cut into so many equal parts, the oldest first."""
    step = timedelta(days=days) / number
    starts = [now - step * (number - at) for at in range(number)]
    found: list[list[Line]] = [[] for _ in starts]
    for line in lines:
        if line.run.finished_at:
            found[max(0, min(number - 1, int((line.run.finished_at - starts[0]) / step)))].append(line)
    return [Stretch(since, since + step, _summary("", here) if here else None) for since, here in zip(starts, found)]


def lines_of(runs: Sequence[Run], now: datetime) -> list[Line]:
    kinds = kinds_of([run.pk for run in runs])
    return [Line(run, kinds.get(run.pk, OUTSIDE), queries.snapshot_of(run.pk, vars(run), now)) for run in runs]


def kinds_of(runs: Sequence[int]) -> dict[int, str]:
    """What most of the first subtasks of each are done by."""
    named = Subtask.objects.filter(run__in=runs, position__lt=LOOKED_AT).order_by()
    counted = named.annotate(kind=KeyTextTransform("name", "executor")).values_list("run_id", "kind")
    rows = counted.annotate(number=Count("pk")).order_by("run_id", "number", "kind")
    return {run: kind or OUTSIDE for run, kind, _ in rows}


def _summary(kind: str, lines: Sequence[Line]) -> Summary:
    return Summary(
        kind,
        len(lines),
        _median([line.speedup for line in lines]),
        _median([line.progress["efficiency_percent"] for line in lines]),
        _median([line.progress["overhead_seconds_per_subtask"] for line in lines]),
        eta_record([line.run.pk for line in lines]),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
