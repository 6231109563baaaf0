"""The attempts of a run as bars: compact, a chunk at a time, and from then on only what changed.

A reader begins without a place and hands back the place each chunk ends with. First come all attempts, agent by agent;
when they are through, the attempts that events have named since the reader began. No chunk grows with the run.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runs.models import Attempt, Event, Run, RunAgent
from runs.reading import busiest

CHUNK = 1_000
LONGEST_ERROR = 160

_COLUMNS = (
    "pk",
    "agent_id",
    "epoch",
    "status",
    "leased_at",
    "started_at",
    "finished_at",
    "error",
    "subtask__key",
    "subtask__expected_seconds",
    "subtask__estimated_seconds",
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader is: in the attempts (the last one's agent and id), then in the events (`seq`)."""

    seq: int
    reached: tuple[int, int] = (0, 0)
    caught_up: bool = False

    def __str__(self) -> str:
        return str(self.seq) if self.caught_up else f"{self.seq}.{self.reached[0]}.{self.reached[1]}"

    @classmethod
    def read(cls, text: str, run: Run) -> "Place":
        """The place in a reader's words; the beginning, where they make no sense."""
        parts = [int(part) for part in text.split(".") if part.isascii() and part.isdigit() and len(part) < 19]
        if len(parts) != text.count(".") + 1 or not run.trim_seq <= parts[0] <= run.last_seq:
            return cls(run.last_seq)
        if len(parts) == 1:
            return cls(parts[0], caught_up=True)
        return cls(parts[0], (parts[1], parts[2])) if len(parts) == 3 else cls(run.last_seq)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`bars`: id, agent id, start, end or None, status, key, epoch, expected seconds or None, error, whether
    it holds the busiest resource; times in ms."""

    bars: list[list[Any]]
    agents: list[list[Any]]
    after: str
    more: bool


def chunk(run: Run, after: str, size: int = CHUNK) -> Chunk:
    """What a reader at this place gets next."""
    place = Place.read(after, run)
    if place.caught_up:
        rows, place, more = _changed(run, place, size)
    else:
        rows, place, more = _all(run, place, size)
    held = busiest.of(run)
    keys = held.keys if held else frozenset[str]()
    return Chunk([_bar(run, row, keys) for row in rows], _agents(run), str(place), more)


def _all(run: Run, place: Place, size: int) -> tuple[list[tuple], Place, bool]:
    """Attempts in the order their index has them: by agent, then by id."""
    attempts = Attempt.objects.filter(run=run.pk).order_by("agent_id", "pk")
    agent, last = place.reached
    rows = list(attempts.filter(agent=agent, pk__gt=last).values_list(*_COLUMNS)[: size + 1]) if agent else []
    if len(rows) <= size:
        rows += attempts.filter(agent__gt=agent).values_list(*_COLUMNS)[: size + 1 - len(rows)]
    more, rows = len(rows) > size, rows[:size]
    if not more:
        return rows, Place(place.seq, caught_up=True), False
    return rows, Place(place.seq, (rows[-1][1], rows[-1][0])), True


def _changed(run: Run, place: Place, size: int) -> tuple[list[tuple], Place, bool]:
    until = min(run.last_seq, place.seq + size)
    log = Event.objects.filter(run=run.pk, seq__gt=place.seq, seq__lte=until, attempt_id__isnull=False)
    ids = {number for number in log.values_list("attempt_id", flat=True) if number}
    rows = list(Attempt.objects.filter(pk__in=ids).order_by("pk").values_list(*_COLUMNS))
    return rows, Place(until, caught_up=True), until < run.last_seq


def _bar(run: Run, row: tuple, held: frozenset[str]) -> list[Any]:
    number, agent, epoch, status, leased, started, finished, error, key, expected, estimated = row
    begin = started or leased
    shown = round(expected, 3) if estimated is not None else None
    return [
        number,
        agent,
        _offset(run, begin),
        _offset(run, finished),
        status,
        key,
        epoch,
        shown,
        error[:LONGEST_ERROR],
        int(key in held),
    ]


def _offset(run: Run, moment: datetime | None) -> int | None:
    """Milliseconds since the run began."""
    return None if moment is None else round((moment - origin(run)).total_seconds() * 1000)


def origin(run: Run) -> datetime:
    """The zero of the timeline."""
    return run.started_at or run.created_at


def _agents(run: Run) -> list[list[Any]]:
    """The rows: agent id, name, completed, unsuccessful, busy seconds of ended attempts; None of a person, who is asked
    and not at work."""
    rows = RunAgent.objects.filter(run=run.pk).order_by("agent_id")
    columns = ("agent_id", "agent__name", "completed", "unsuccessful", "busy_seconds", "agent__kind")
    return [
        [agent, name, completed, unsuccessful, None if kind == "person" else round(busy, 3)]
        for agent, name, completed, unsuccessful, busy, kind in rows.values_list(*columns)
    ]
