"""What is expected to come of a stored run, for its timeline. Where nobody can say, nothing is said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from runs.claims import limits
from runs.engine import states
from runs.engine.ahead import Coming, Rule, Task, ahead
from runs.engine.expected import told
from runs.engine.modes import Mode
from runs.models import Attempt, Backend, Run, RunAgent, Subtask, SubtaskDependency
from todos.plan import conflicts, words
from todos.plan.claims import Claim

MOST = 300  # subtasks: more would be too small to be read
MOST_KEPT = 64


class Row(NamedTuple):
    """A subtask that has not ended. Its fields are columns."""

    pk: int
    key: str
    status: str
    mode: str
    executor: dict | None
    estimated_seconds: float | None
    priority: int
    remaining_seconds: float
    position: int
    phase: int | None
    lane: str
    alone: bool
    claims: list | None
    when: str
    started_at: datetime | None


def of(run: Run, now: datetime) -> tuple[datetime, list[Coming]]:
    """As of when it was worked out, and what is pending: `seat` is the agent that would take it, below 0 one that has
    done nothing in the run yet. It is worked out anew when something has happened."""
    if run.status != states.Run.RUNNING or not 0 < run.pending + run.in_progress <= MOST:
        return now, []
    mark = (run.created_at, run.last_seq, run.eta_at)
    kept = _kept.get(run.pk)
    if kept is None or kept[0] != mark:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[run.pk] = (mark, (now, _read(run, now)))
    return kept[1]


Answer = tuple[datetime, list[Coming]]
_kept: dict[int, tuple[tuple[Any, ...], Answer]] = {}


def _read(run: Run, now: datetime) -> list[Coming]:
    unended = Subtask.objects.filter(run=run.pk, status__in=(states.Status.PENDING, states.Status.IN_PROGRESS))
    rows = [Row(*row) for row in unended.order_by("position").values_list(*Row._fields)]
    rows = [row for row in rows if row.status == states.Status.IN_PROGRESS or row.when != words.When.FAILED]
    seconds = _seconds(run, rows)
    if seconds is None:
        return []
    at_it = dict(
        Attempt.objects.filter(run=run.pk, status__in=states.ATTEMPT_OPEN).values_list("subtask_id", "agent_id")
    )
    tasks = [_task(row, seconds[row.pk], needs, at_it, now) for row, needs in zip(rows, _needs(run, rows))]
    over_in = (run.eta_at - now).total_seconds() if run.eta_at else None
    try:
        return ahead(tasks, _rule(run, list(at_it.values())), over_in)
    except conflicts.TooMany:
        return []


def _task(row: Row, seconds: float, needs: Sequence[int], at_it: dict[int, int], now: datetime) -> Task:
    begun = (now - row.started_at).total_seconds() if row.started_at and row.pk in at_it else 0.0
    rank = (row.priority, -row.remaining_seconds, row.position)
    claims = None if row.claims is None else [Claim(**claim) for claim in row.claims]
    left = max(0.0, seconds - begun)
    return Task(row.key, left, rank, needs, at_it.get(row.pk), row.lane, row.alone, claims)


def _seconds(run: Run, rows: Sequence[Row]) -> dict[int, float] | None:
    """How long each takes: as somebody said, else as others by the same executor took in this run; None where neither
    is known of one of them, or where it is up to a person or to an agent from outside."""
    if run.backend == Backend.TRACKED or any(words.asks(row.executor) or row.mode == Mode.EXTERNAL for row in rows):
        return None
    known = {row.pk: told(row.executor, row.estimated_seconds) for row in rows}
    usual = _usual(run) if None in known.values() else {}
    found = {row.pk: usual.get(_name(row.executor)) if known[row.pk] is None else known[row.pk] for row in rows}
    sure = {number: seconds for number, seconds in found.items() if seconds is not None}
    return sure if len(sure) == len(rows) else None


def _usual(run: Run) -> dict[str, float]:
    """Seconds by executor, on average over the last that were completed."""
    done = Subtask.objects.filter(run=run.pk, status=states.Status.COMPLETED, started_at__isnull=False)
    seen: dict[str, list[float]] = {}
    for executor, start, end in done.order_by("-position").values_list("executor", "started_at", "finished_at")[:MOST]:
        if start and end:
            seen.setdefault(_name(executor), []).append((end - start).total_seconds())
    return {name: sum(took) / len(took) for name, took in seen.items()}


def _name(executor: dict | None) -> str:
    return str((executor or {}).get("name", ""))


def _needs(run: Run, rows: Sequence[Row]) -> list[list[int]]:
    """By number; behind a barrier also all of the phase before it."""
    number = {row.pk: at for at, row in enumerate(rows)}
    found: list[list[int]] = [[] for _ in rows]
    links = SubtaskDependency.objects.filter(after__in=[row.pk for row in rows if row.status == states.Status.PENDING])
    for before, after in links.values_list("before_id", "after_id"):
        if before in number and after in number:
            found[number[after]].append(number[before])
    if not run.barriers:
        return found
    phases = sorted({row.phase for row in rows if row.phase is not None})
    earlier = dict(zip(phases[1:], phases))
    for at, row in enumerate(rows):
        if row.phase in earlier:
            found[at] += [other for other, one in enumerate(rows) if one.phase == earlier[row.phase]]
    return found


def _rule(run: Run, at_it: Sequence[int]) -> Rule:
    alone = run.strategy == "sequential"
    most = 1 if alone else min(run.agents_allowed or run.max_agents, settings.EMBEDDED_MAX_WORKERS)
    lanes = {lane: said["concurrency"] for lane, said in (run.lanes or {}).items() if said.get("concurrency")}
    return Rule(_seats(run, at_it, most), run.strategy == "hybrid", lanes, limits.capacity())


def _seats(run: Run, at_it: Sequence[int], most: int) -> list[int]:
    """Who is at it, then who did most lately, then some that are not there yet."""
    lately = Attempt.objects.filter(run=run.pk).order_by("-pk").values_list("agent_id", flat=True)[: 4 * most]
    known = RunAgent.objects.filter(run=run.pk).order_by("agent_id").values_list("agent_id", flat=True)
    found = list(dict.fromkeys([*at_it, *lately, *known]))[: max(most, len(set(at_it)))]
    return [*found, *range(-1, -1 - max(0, most - len(found)), -1)]
