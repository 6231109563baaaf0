"""What the subtasks of a run claim, each thing once: how much there is, how much is held, how many wait for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from runs.claims import limits
from runs.claims.resources import out_of_line
from runs.models import Hold, Resource, Run
from todos.plan.claims import API, COUNTED

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Use:
    """`capacity`: connections or MiB, `held` of them by all runs together; `per_second`: calls of an API. A file has
    neither. `holders` and `waiting` count attempts and subtasks of all runs; `ours` those of this run that hold it."""

    kind: str
    name: str
    capacity: int | None
    per_second: float | None
    held: int
    holders: int
    ours: int
    waiting: int


def of_run(run: Run) -> list[Use]:
    """What is held by this run, or waited for in it, by kind and name; the first SHOWN. Five queries at most."""
    ours = Hold.objects.filter(run=run).values_list("kind", "name").annotate(Count("pk")).order_by("kind", "name")
    held_here = {(kind, name): number for kind, name, number in ours[:SHOWN]}
    columns = ("waits_claim__kind", "waits_claim__name")
    wanted = out_of_line().filter(run=run).values_list(*columns).order_by(*columns).distinct()[:SHOWN]
    known = sorted({*held_here, *((kind, name) for kind, name in wanted if kind and name)})[:SHOWN]
    return _uses(known, held_here) if known else []


def _uses(known: Iterable[tuple[str, str]], ours: dict[tuple[str, str], int]) -> list[Use]:
    holds, claims = Q(), Q()
    for kind, name in known:
        holds |= Q(kind=kind, name=name)
        claims |= Q(waits_claim__kind=kind, waits_claim__name=name)
    sums = Hold.objects.filter(holds).order_by().values_list("kind", "name").annotate(Sum("amount"), Count("pk"))
    held = {(kind, name): (amount, number) for kind, name, amount, number in sums}
    rows = Resource.objects.filter(holds).values_list("kind", "name", "capacity", "per_second")
    limit = {(kind, name): (capacity, per_second) for kind, name, capacity, per_second in rows}
    waiting = _waiting(claims)
    return [
        Use(
            kind,
            name,
            *_limit(kind, *limit.get((kind, name), (None, None))),
            *held.get((kind, name), (0, 0)),
            ours.get((kind, name), 0),
            waiting.get((kind, name), 0),
        )
        for kind, name in known
    ]


def _limit(kind: str, capacity: int | None, per_second: float | None) -> tuple[int | None, float | None]:
    if kind in COUNTED:
        return (limits.default_capacity(kind) if capacity is None else capacity), None
    if kind == API:
        return None, (limits.default_per_second() if per_second is None else per_second)
    return None, None


def _waiting(claims: Q) -> dict[tuple[str, str], int]:
    columns = ("waits_claim__kind", "waits_claim__name")
    rows = out_of_line().filter(claims).order_by().values_list(*columns).annotate(Count("pk"))
    return {(kind, name): number for kind, name, number in rows}
