"""When all that was left of a run waited for a person, as its log says: the log, and what needs what, are read once."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from runs.engine import states
from runs.models import Agent, Backend, Event, Run, Subtask, SubtaskDependency

Rest = tuple[datetime, datetime]

_ENDS = frozenset({"completed", "failed", "timed_out", "lost", "released", "cancelled"})
_ASKS, _ASKS_NO_MORE = frozenset({"asked", "asks"}), frozenset({"answered", "asks_no_more"})


def rests(run: Run, until: datetime) -> list[Rest]:
    """From when to when, up to `until`; nothing is read of a run in which that never was."""
    return found(run, until) if run.person_seconds or run.person_at is not None else []


def seconds(stretches: list[Rest], until: datetime) -> float:
    """Of all of them, up to then."""
    return sum((max(timedelta(), min(end, until) - since) for since, end in stretches), timedelta()).total_seconds()


def found(run: Run, until: datetime) -> list[Rest]:
    """The same of any run whose log is whole."""
    walk, made = _Walk(run), []
    since: datetime | None = None
    log = Event.objects.filter(run=run.pk).order_by("seq")
    for kind, subtask, attempt, agent, after, at, data in log.values_list(*_EVENT).iterator():
        if since is not None:
            made.append((since, at))
        walk.step(kind, subtask, attempt, agent, after, data)
        since = at if walk.rests else None
    if since is not None:
        made.append((since, until))
    return [(begin, end) for begin, end in made if begin < end]


_EVENT = ("kind", "subtask_id", "attempt_id", "agent_id", "after", "at", "data")


class _Walk:
    """Goes along the log, and knows who is at work, who asks, and what could start."""

    def __init__(self, run: Run) -> None:
        self._status, self._tracked = "", run.backend == Backend.TRACKED
        self._begun = False
        self._people = set(Agent.objects.filter(kind="person").values_list("pk", flat=True))
        self._open: set[int] = set()  # attempts of agents
        self._asking: set[int] = set()  # attempts that wait for an answer, of agents and of nobody
        self._line = _Line(run)

    @property
    def rests(self) -> bool:
        if not self._begun or self._open - self._asking or not self._asking:
            return False
        if self._status == states.Run.PAUSED:
            return bool(self._open)  # with none of them it is the pause
        return self._status == states.Run.RUNNING and (self._tracked or not self._line.free)

    def step(
        self, kind: str, subtask: int | None, attempt: int | None, agent: int | None, after: str, data: Any
    ) -> None:
        if kind in {f"run_{status}" for status in states.Run}:
            self._status = after
            self._begun = self._begun or after == states.Run.RUNNING
        elif kind == "phase_begun":
            self._line.begin(data["phase"])
        elif attempt is not None:
            self._attempt(kind, attempt, agent)
        if subtask is not None and after:
            self._line.move(subtask, after)

    def _attempt(self, kind: str, attempt: int, agent: int | None) -> None:
        if kind == "leased" and agent not in self._people:
            self._open.add(attempt)
        elif kind in _ASKS or kind == "leased":
            self._asking.add(attempt)
        elif kind in _ENDS or kind in _ASKS_NO_MORE:
            self._asking.discard(attempt)
            if kind in _ENDS:
                self._open.discard(attempt)


class _Line:
    """`free`: the pending subtasks that need nothing any more; they may wait for an agent, a claim or a time."""

    def __init__(self, run: Run) -> None:
        rows = list(Subtask.objects.filter(run=run.pk).order_by().values_list("pk", "phase", "status", "epoch"))
        self._phase = {number: phase for number, phase, _, _ in rows}
        carried = {number for number, _, status, epoch in rows if status == states.Status.COMPLETED and not epoch}
        left = [phase for number, phase in self._phase.items() if phase is not None and number not in carried]
        self._begun = min(left, default=0)
        self._barred = run.barriers
        self._needs: dict[int, set[int]] = defaultdict(set)
        self._needed: dict[int, list[int]] = defaultdict(list)
        for after, before in (
            SubtaskDependency.objects.filter(run=run.pk).values_list("after_id", "before_id").order_by()
        ):
            self._needed[before].append(after)
            if before not in carried:
                self._needs[after].add(before)
        self._pending = set(self._phase) - carried - _added(run)
        self.free = {number for number in self._pending if self._is_free(number)}

    def move(self, subtask: int, status: str) -> None:
        is_pending = status == states.Status.PENDING
        (self._pending.add if is_pending else self._pending.discard)(subtask)
        self._look(subtask)
        for after in self._needed[subtask] if status in states.TERMINAL else ():
            self._needs[after].discard(subtask)
            self._look(after)

    def begin(self, phase: int) -> None:
        self._begun = phase
        for number in self._pending:
            self._look(number)

    def _look(self, subtask: int) -> None:
        free = subtask in self._pending and self._is_free(subtask)
        (self.free.add if free else self.free.discard)(subtask)

    def _is_free(self, subtask: int) -> bool:
        phase = self._phase.get(subtask)
        barred = self._barred and phase is not None and phase > self._begun
        return not barred and not self._needs[subtask]


def _added(run: Run) -> set[int]:
    """Those that were not there when the run was made."""
    later = Event.objects.filter(run=run.pk, kind="added").values_list("subtask_id", flat=True)
    return {number for number in later if number is not None}


def asked(run: int) -> Iterator[tuple[int, datetime, datetime | None]]:
    """The stretches in which attempts of agents waited for an answer; without an end those that still do."""
    kinds = [*_ASKS, *_ASKS_NO_MORE, *_ENDS]
    log = Event.objects.filter(run=run, kind__in=kinds, attempt_id__isnull=False).order_by("seq")
    since: dict[int, datetime] = {}
    for kind, attempt, at in log.values_list("kind", "attempt_id", "at").iterator():
        assert attempt is not None
        if kind in _ASKS:
            since.setdefault(attempt, at)
        elif attempt in since:
            yield attempt, since.pop(attempt), at
    for attempt, begun in since.items():
        yield attempt, begun, None
