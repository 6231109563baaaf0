"""What happened in a run and when, read at once: a row for each subtask and each attempt, a fixed number of queries.

All times are whole microseconds since the run began.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from runs.engine import states
from runs.engine.waterfall import MICROSECONDS
from runs.models import Attempt, Event, Run, Subtask, SubtaskDependency
from runs.reading import rested

ENDS = ("completed", "failed", "timed_out", "lost", "released", "cancelled")


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt. `available`: since when it could have begun; `recorded`: when its end was written down, and
    `not_before` when the next one may begin. `asked`: a question to a person, which takes no seat. `worked`: how long
    it would have taken alone, where that is less than it took. `questions`: from when to when its agent waited for an
    answer."""

    id: int
    subtask: int
    epoch: int
    agent: int
    status: str
    asked: bool
    available: int
    leased: int
    begun: int
    ended: int | None
    recorded: int | None
    not_before: int | None
    worked: int | None = None
    questions: tuple[tuple[int, int], ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.status == states.Attempt.SUCCEEDED


class Row(NamedTuple):
    """A subtask as it stands. `ended` is when it was over."""

    id: int
    key: str
    status: str
    lane: str
    phase: int | None
    alone: bool
    claims: Any
    expected_seconds: float
    estimated_seconds: float | None
    epoch: int
    unmet: int
    delayed: bool
    waits_for: str
    ready: int | None
    ended: int | None


@dataclass(slots=True)
class History:
    """`length` is how long the run has taken; `released` when a completed subtask let go of those that need it."""

    length: int
    rows: list[Row] = field(default_factory=list)
    tries: dict[int, list[Try]] = field(default_factory=dict)
    needs: dict[int, list[int]] = field(default_factory=dict)
    released: dict[int, int] = field(default_factory=dict)
    phases: dict[int, int] = field(default_factory=dict)
    pauses: list[tuple[int, int]] = field(default_factory=list)

    def every_try(self) -> Iterator[Try]:
        for tries in self.tries.values():
            yield from tries


class Scale:
    """From moments to microseconds since the run began."""

    def __init__(self, run: Run) -> None:
        self.zero = run.started_at or run.created_at

    def at(self, moment: datetime) -> int:
        return round((moment - self.zero).total_seconds() * MICROSECONDS)

    def maybe(self, moment: datetime | None) -> int | None:
        return None if moment is None else self.at(moment)


def read(run: Run, now: datetime) -> History:
    """As things stand at `now`, or stood when the run ended."""
    scale = Scale(run)
    found = History(max(0, scale.at(run.finished_at or now)) if run.started_at else 0)
    ends = _read_events(run, scale, found)
    found.rows = list(_rows(run, scale))
    for one in _tries(run, scale, ends, found.length):
        found.tries.setdefault(one.subtask, []).append(one)
    for after, before in SubtaskDependency.objects.filter(run=run.pk).values_list("after_id", "before_id").order_by():
        found.needs.setdefault(after, []).append(before)
    return found


def _rows(run: Run, scale: Scale) -> Iterator[Row]:
    columns = "pk key status lane phase alone claims expected_seconds estimated_seconds epoch unmet".split()
    times = ("not_before", "waits_for", "ready_at", "finished_at")
    rows: Any = Subtask.objects.filter(run=run.pk).order_by("position").values_list(*columns, *times)
    row: Any
    for row in rows.iterator():
        not_before, waits_for, ready, finished = row[-4:]
        late = (not_before is not None, waits_for, scale.maybe(ready), scale.maybe(finished))
        yield Row._make(row[:-4] + late)


def _tries(run: Run, scale: Scale, ends: Mapping[int, tuple[int, int | None]], length: int) -> Iterator[Try]:
    columns = "pk subtask_id epoch agent_id status agent__kind available_at leased_at started_at finished_at".split()
    columns.append("worked_seconds")
    rows = Attempt.objects.filter(run=run.pk).order_by("subtask_id", "epoch").values_list(*columns)
    asked = _asked(run, scale, length)
    for number, subtask, epoch, agent, status, kind, available, leased, started, finished, worked in rows.iterator():
        recorded, not_before = ends.get(number, (None, None))
        yield Try(
            *(number, subtask, epoch, agent, status, kind == "person"),
            *(scale.at(available), scale.at(leased), scale.at(started or leased), scale.maybe(finished)),
            *(recorded, not_before, None if worked is None else round(worked * MICROSECONDS)),
            tuple(asked.get(number, ())),
        )


def _asked(run: Run, scale: Scale, length: int) -> dict[int, list[tuple[int, int]]]:
    """By attempt, from when to when its agent waited for an answer."""
    found: dict[int, list[tuple[int, int]]] = {}
    for attempt, since, until in rested.asked(run.pk):
        found.setdefault(attempt, []).append((scale.at(since), length if until is None else scale.at(until)))
    return found


def _read_events(run: Run, scale: Scale, found: History) -> dict[int, tuple[int, int | None]]:
    """By attempt, when its end was written down and when its subtask may be tried again."""
    ends: dict[int, tuple[int, int | None]] = {}
    paused: int | None = None
    kinds = [*ENDS, "phase_begun", *(f"run_{status}" for status in states.Run)]
    log = Event.objects.filter(run=run.pk, kind__in=kinds).order_by("seq")
    rows: Any = log.values_list("kind", "subtask_id", "attempt_id", "at", "data")
    for kind, subtask, attempt, moment, data in rows.iterator():
        at = scale.at(moment)
        if attempt is not None:
            ends[attempt] = at, _not_before(data, scale)
        if kind == "completed" and subtask is not None:
            found.released[subtask] = at
        elif kind == "phase_begun":
            found.phases[data["phase"]] = at
        elif kind == "run_paused":
            paused = at if paused is None else paused
        elif kind.startswith("run_") and paused is not None:
            found.pauses.append((paused, at))
            paused = None
    if paused is not None:
        found.pauses.append((paused, found.length))
    return ends


def _not_before(data: Any, scale: Scale) -> int | None:
    text = data.get("not_before") if isinstance(data, dict) else None
    return scale.maybe(parse_datetime(text)) if text else None
