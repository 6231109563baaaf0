"""What keeps the subtasks of a run apart the most, of all that they claim: a row of its own on the timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from runs.claims import limits
from runs.engine import states
from runs.models import Run, Subtask
from todos.plan import conflicts
from todos.plan.claims import Claim

KEPT = 64
MOST_CLAIMING = 10_000
MOST_GROUPS = 500  # of subtasks that claim just the same


@dataclass(frozen=True, slots=True)
class Busiest:
    """`keys`: the subtasks that hold it while they are at work; `shares`: how many of them may at once."""

    kind: str
    name: str
    keys: frozenset[str]
    groups: frozenset[str]
    shares: int


def of(run: Run) -> Busiest | None:
    """None where nothing that is claimed makes anybody wait."""
    return _read(run.pk, run.created_at, run.total) if 1 < run.claiming <= MOST_CLAIMING else None


@lru_cache(maxsize=KEPT)
def _read(run_id: int, made_at: datetime, total: int) -> Busiest | None:
    """What is claimed never changes; `total` tells apart what somebody has added to, `made_at`, runs of one number in
    databases that were emptied. Capacities are those of when it is first asked."""
    columns = ("key", "claims_group", "expected_seconds", "claims")
    claiming = Subtask.objects.filter(run=run_id, claims__isnull=False).exclude(claims_group="")
    rows = {key: rest for key, *rest in claiming.order_by("position").values_list(*columns)}
    there = limits.capacity()
    try:
        found = conflicts.units(
            {key: [Claim(**claim) for claim in claims] for key, (_, _, claims) in rows.items()},
            lambda kind, name: there.get(f"{kind} {name}", there[kind]),
        )
    except conflicts.TooMany:
        return None
    seconds = {key: expected for key, (_, expected, _) in rows.items()}
    most = max(found, key=lambda units: _load(units, seconds), default=None)
    if most is None:
        return None
    shares = max(1, min(len(most.held), most.capacity // max(1, min(most.held.values()))))
    groups = frozenset(rows[key][0] for key in most.held)
    return Busiest(most.kind, most.name, frozenset(most.held), groups, shares)


def _load(units: conflicts.Units[str], seconds: Mapping[str, float]) -> float:
    """For how long it is held, if it is never left alone."""
    return sum(seconds[key] * held for key, held in units.held.items()) / units.capacity


def described(run: Run) -> dict[str, Any] | None:
    """As the timeline takes it: `kind`, `name`, and how many wait for what is claimed as it is."""
    found = of(run)
    return None if found is None else {"kind": found.kind, "name": found.name, "waiting": waiting(run, found)}


def waiting(run: Run, found: Busiest) -> int:
    if not run.held_back:
        return 0
    if len(found.groups) > MOST_GROUPS:
        return run.held_back
    ready = Subtask.objects.filter(run=run.pk, status=states.Status.PENDING, unmet=0, claims_group__in=found.groups)
    return ready.filter(waits_for=states.Wait.RESOURCE).count()
