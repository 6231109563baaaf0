"""A run as it was at a moment of its past, read from its log.

Bounded: the moment's place in the log is found by halving; numbers are counted from whichever end of the log is nearer,
so over half of it at most; of a page of subtasks only their own events are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Sum

from runs.engine import states
from runs.models import Attempt, Event, Run, Subtask
from todos.plan.claims import API

ADDED_UP = 20_000  # subtasks of a run, whose attempts are read one by one


@dataclass(frozen=True, slots=True)
class Numbers:
    """Subtasks by status; of those that had ended, the expected work; the agents that held any; tries gone wrong."""

    by_status: dict[str, int]
    expected_ended: float
    agents: int
    retries: int
    losses: int


@dataclass(frozen=True, slots=True)
class Done:
    """What agents had completed: how many subtasks, and the seconds of these as a run keeps them (`work_done`,
    `usual_took`, `usual_work`)."""

    completed: int
    work_seconds: float
    usual_took: float
    usual_seconds: float


@dataclass(frozen=True, slots=True)
class Was:
    """How a subtask was: since when, by whom it was held last, at which try."""

    status: str = "pending"
    since: datetime | None = None
    agent: int | None = None
    epoch: int = 0


def seq_at(run: Run, moment: datetime) -> int:
    """The seq of the last event that had happened by then."""
    return _seq_at(run.pk, run.created_at, run.trim_seq, run.last_seq, moment)


@lru_cache(maxsize=256)
def _seq_at(run_id: int, made_at: datetime, low: int, high: int, moment: datetime) -> int:
    events = Event.objects.filter(run=run_id)
    while low < high:
        middle = (low + high + 1) // 2
        at = events.filter(seq=middle).values_list("at", flat=True).first()
        if at is None or at <= moment:
            low = middle
        else:
            high = middle - 1
    return low


def numbers(run: Run, seq: int, moment: datetime) -> Numbers:
    """The counters as they were after this event."""
    from_start = run.trim_seq == 0 and seq <= run.last_seq - seq
    low, high, sign = (0, seq, 1) if from_start else (seq, run.last_seq, -1)
    by_status = dict.fromkeys(map(str, states.Status), 0)
    if from_start:
        by_status["pending"] = run.total
    else:
        by_status = {status: getattr(run, status) for status in by_status}
    retries, losses = (0, 0) if from_start else (run.retries, run.losses)
    steps = _changes(run.pk, low, high).order_by().values_list("kind", "before", "after").annotate(Count("pk"))
    for kind, before, after, count in steps:
        by_status[before] -= sign * count
        by_status[after] += sign * count
        retries += sign * count * (after == states.Status.PENDING and kind != "released")
        losses += sign * count * (kind == states.Attempt.LOST)
    return Numbers(by_status, _ended(run, low, high, from_start), _agents(run.pk, moment), retries, losses)


def _changes(run_id: int, low: int, high: int) -> QuerySet[Event]:
    """Events after `low` up to `high` by which a subtask changed its status."""
    events = Event.objects.filter(run=run_id, seq__gt=low, seq__lte=high, subtask_id__isnull=False)
    return events.exclude(before=F("after")).exclude(before="")


def _ended(run: Run, low: int, high: int, from_start: bool) -> float:
    """Seconds of expected work that had ended."""
    ends = _changes(run.pk, low, high).filter(after__in=states.TERMINAL).values("subtask_id")
    found = Subtask.objects.filter(pk__in=ends).aggregate(seconds=Sum("expected_seconds"))["seconds"] or 0.0
    return found if from_start else max(0.0, run.expected_ended - found)


def _agents(run_id: int, moment: datetime) -> int:
    """A person who is asked is none."""
    held = Attempt.objects.filter(run=run_id, leased_at__lte=moment, finished_at__gt=moment)
    return held.exclude(agent__kind="person").values("agent").distinct().count()


def done(run: Run, seq: int) -> Done | None:
    """What agents had completed after this event.

    None of a run of which nobody counted what one agent took before, and of one too large to add up for a page.
    """
    if run.usual_work is None or run.total > ADDED_UP:
        return None
    from_start = run.trim_seq == 0 and seq <= run.last_seq - seq
    low, high = (0, seq) if from_start else (seq, run.last_seq)
    ends = _changes(run.pk, low, high).filter(after=states.Status.COMPLETED, attempt_id__isnull=False)
    part = _done(Attempt.objects.filter(pk__in=ends.values("attempt_id")).exclude(agent__kind="person"))
    if from_start:
        return part
    return Done(
        run.overhead_count - part.completed,
        max(0.0, run.work_done - part.work_seconds),
        max(0.0, run.usual_took - part.usual_took),
        max(0.0, run.usual_work - part.usual_seconds),
    )


def _done(attempts: QuerySet[Attempt]) -> Done:
    """All of these in one query."""
    usual = Q(subtask__usual_seconds__isnull=False)
    sums = {"completed": Count("pk"), "usual": Sum("subtask__usual_seconds")}
    found = attempts.aggregate(**sums, **_worked("all", Q()), **_worked("usual", usual))
    work, took = (
        (found[f"{name}_told"] or 0.0) + (found[f"{name}_passed"] or timedelta()).total_seconds()
        for name in ("all", "usual")
    )
    return Done(found["completed"], work, took, found["usual"] or 0.0)


def _worked(name: str, which: Q) -> dict[str, Sum]:
    """What the work would have taken alone is told of some; of the others, how long it took."""
    passed = ExpressionWrapper(F("finished_at") - F("started_at"), DurationField())
    untold = Q(worked_seconds=None, finished_at__gt=F("started_at"))
    return {f"{name}_told": Sum("worked_seconds", filter=which), f"{name}_passed": Sum(passed, filter=untold & which)}


def of_subtasks(run: Run, seq: int, ids: Sequence[int]) -> dict[int, Was]:
    """How each of these was after this event."""
    found = {number: Was() for number in ids}
    rows = _changes(run.pk, 0, seq).filter(subtask_id__in=list(ids)).order_by("seq")
    for number, after, at, agent, epoch in rows.values_list("subtask_id", "after", "at", "agent_id", "epoch"):
        assert number is not None
        was = found[number]
        found[number] = Was(after, at, was.agent if agent is None else agent, was.epoch if epoch is None else epoch)
    return found


def statuses(run: Run, seq: int) -> dict[int, str]:
    """The status of each subtask that had changed by then, by id; the others were pending. All the log is read."""
    steps = _changes(run.pk, 0, seq).order_by("seq").values_list("subtask_id", "after")
    return {number: after for number, after in steps if number is not None}


# ---- time at rest ----

Rest = tuple[datetime, datetime]


def pauses(run: Run) -> list[Rest]:
    """From when to when it was paused; nothing is read of a run that never rested."""
    if not run.paused_seconds and run.paused_at is None:
        return []
    log = Event.objects.filter(run=run.pk, kind__startswith="run_").order_by("seq").values_list("after", "at")
    found: list[Rest] = []
    since: datetime | None = None
    for after, at in log:
        if after == states.Run.PAUSED:
            since = since or at
        elif since is not None:
            found.append((since, at))
            since = None
    return found if since is None else [*found, (since, run.finished_at or since)]


def rests(run: Run) -> list[Rest]:
    """The parts of its pauses in which nobody was at work any more."""
    found = []
    for since, until in pauses(run):
        open_then = Attempt.objects.filter(run=run.pk, leased_at__lte=since, finished_at__gt=since)
        last = open_then.exclude(agent__kind="person").aggregate(last=Max("finished_at"))["last"]
        start = max([since, run.started_at or since, *([last] if last else [])])
        if start < until:
            found.append((start, until))
    return found


# ---- what was held ----


def held(run: Run, moment: datetime, limit: int) -> list[dict[str, Any]]:
    """What those at work then held: the same columns as of what is held now. Calls of an API are not held."""
    then = Attempt.objects.filter(run=run.pk, leased_at__lte=moment, finished_at__gt=moment)
    claiming = then.filter(subtask__claims__isnull=False).select_related("agent", "subtask").order_by("leased_at", "pk")
    found = [
        {"subtask": one.subtask.key, "agent": one.agent.name, "since": one.leased_at, **claim}
        for one in claiming[:limit]
        for claim in one.subtask.claims or ()
        if claim["kind"] != API
    ]
    return found[:limit]
