"""What is claimed: how much there is, who holds it, and who waits for it and for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from runs.claims import limits
from runs.engine import states
from runs.engine.claiming import refilled
from runs.models import Attempt, Hold, Resource, Run, Subtask
from runs.models.resource import POOL
from runs.orchestrating import pools
from todos.plan.claims import API, COUNTED

SHOWN_HOLDERS = 3
MOST_ROWS = 500
TWIN = "twin"  # the key of those that wait for one that claims just the same


# ---- one resource ----


def describe(kind: str, name: str, now: datetime) -> dict[str, Any]:
    """A resource as the contract words it. One nobody has claimed or set yet is as the settings say."""
    row = Resource.objects.filter(kind=kind, name=name).first() or Resource(kind=kind, name=name)
    used = Hold.objects.filter(kind=kind, name=name).aggregate(attempts=Count("pk"), amount=Sum("amount"))
    waiting = out_of_line().filter(waits_claim__kind=kind, waits_claim__name=name).count()
    capacity = per_second = available = None
    if kind == POOL:
        return {"kind": kind, "name": name, **pools.describe(name)}
    if kind in COUNTED:
        capacity = limits.default_capacity(kind) if row.capacity is None else row.capacity
        available = max(0, capacity - (used["amount"] or 0))
    elif kind == API:
        per_second = limits.default_per_second() if row.per_second is None else row.per_second
        available = int(max(0.0, _calls(row, per_second, now)))
    return {
        "kind": kind,
        "name": name,
        "capacity": capacity,
        "per_second": per_second,
        "available": available,
        "holders": used["attempts"],
        "waiting": waiting,
    }


def _calls(row: Resource, per_second: float, now: datetime) -> float:
    if row.tokens is None or row.refilled_at is None:
        return max(1.0, per_second)
    return refilled(row.tokens, per_second, (now - row.refilled_at).total_seconds())


def out_of_line() -> QuerySet[Subtask]:
    """All that wait for what they claim."""
    return Subtask.objects.filter(waits_for__in=list(states.WAIT_COUNTER))


# ---- who holds, who waits ----


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody at work that others wait for."""

    attempt: int
    run: int
    owner: int
    subtask: str
    agent: str


def of_run(run: Run) -> dict[str, Any]:
    """What subtasks of this run hold, and what others of it wait for; the first MOST_ROWS of each, and how many."""
    holds = Hold.objects.filter(run=run).order_by("pk")
    waiting = out_of_line().filter(run=run).order_by("position")
    shown = list(waiting[:MOST_ROWS])
    details = details_of(run, shown)
    return {
        "held": [_held(hold) for hold in holds.select_related("attempt__agent", "subtask")[:MOST_ROWS]],
        "held_count": holds.count(),
        "waiting": [_waiting(subtask, details[subtask.pk]) for subtask in shown],
        "waiting_count": run.held_back + run.rate_limited,
    }


def _held(hold: Hold) -> dict[str, Any]:
    attempt = hold.attempt
    return {
        "subtask": hold.subtask.key,
        "attempt": str(attempt.pk),
        "agent": attempt.agent.name,
        "kind": hold.kind,
        "name": hold.name,
        "mode": hold.mode,
        "amount": hold.amount,
        "since": attempt.leased_at,
    }


def _waiting(subtask: Subtask, detail: dict[str, Any]) -> dict[str, Any]:
    return {"subtask": subtask.key, "waiting_for": subtask.waits_for, **detail}


def details_of(run: Run, subtasks: Sequence[Subtask]) -> dict[int, dict[str, Any]]:
    """For each subtask that waits for what it claims: which claim, since or until when, and who is in the way.

    A fixed number of queries. Holders in runs of other owners are counted and not named.
    """
    first = _first_of_twins(run, subtasks)
    keys = {subtask.pk: first.get(subtask.pk, subtask).waits_key for subtask in subtasks}
    holders = _holders(keys.values())
    ahead = _ahead(run, keys.values())
    return {
        subtask.pk: {
            **(subtask.waits_claim or {}),
            "since": subtask.waits_since,
            "until": subtask.waits_until,
            **_behind(first.get(subtask.pk) or ahead.get(subtask.waits_key)),
            **_named(run, holders.get(keys[subtask.pk], [])),
        }
        for subtask in subtasks
    }


def _first_of_twins(run: Run, subtasks: Sequence[Subtask]) -> dict[int, Subtask]:
    """For those that stand behind one that claims the same, the first that does."""
    groups = {subtask.claims_group for subtask in subtasks if subtask.waits_key == TWIN}
    ready = Subtask.objects.filter(run=run, claims_group__in=groups, status="pending", unmet=0, not_before=None)
    rows = ready.exclude(waits_key=TWIN).order_by("-priority", "remaining_seconds", "-position") if groups else ()
    first = {row.claims_group: row for row in rows}
    return {
        subtask.pk: first[subtask.claims_group]
        for subtask in subtasks
        if subtask.waits_key == TWIN and subtask.claims_group in first
    }


def _named(run: Run, holders: Sequence[Holder]) -> dict[str, Any]:
    ours = [holder for holder in holders if holder.owner == run.owner_id][:SHOWN_HOLDERS]
    named = [
        {"run": str(holder.run), "subtask": holder.subtask, "attempt": str(holder.attempt), "agent": holder.agent}
        for holder in ours
    ]
    return {"held_by": named, "more": len(holders) - len(named)}


def _holders(keys: Iterable[str]) -> dict[str, list[Holder]]:
    """Who must end for those who wait for these keys: an attempt, or any of those that share a capacity."""
    attempts = {int(key.partition("/")[2]) for key in keys if key.startswith("attempt/")}
    shares = {tuple(key.split("/", 1)) for key in keys if key.split("/", 1)[0] in COUNTED}
    found: dict[str, list[Holder]] = {}
    columns = ("pk", "run", "run__owner", "subtask__key", "agent__name")
    for row in Attempt.objects.filter(pk__in=attempts).values_list(*columns) if attempts else ():
        found[f"attempt/{row[0]}"] = [Holder(*row)]
    wanted = Q()
    for kind, name in shares:
        wanted |= Q(kind=kind, name=name)
    of_hold = ("attempt", "run", "run__owner", "subtask__key", "attempt__agent__name")
    for kind, name, *holder in Hold.objects.filter(wanted).values_list("kind", "name", *of_hold) if shares else ():
        found.setdefault(f"{kind}/{name}", []).append(Holder(*holder))
    return found


def _ahead(run: Run, keys: Iterable[str]) -> dict[str, Subtask]:
    """The subtask that has waited for so long that others wait for it, as far as it is of the same owner."""
    numbers = {int(key.partition("/")[2]) for key in keys if key.startswith("subtask/")}
    ours = Subtask.objects.filter(pk__in=numbers, run__owner=run.owner_id)
    rows = ours.only("pk", "run_id", "key") if numbers else ()
    return {f"subtask/{row.pk}": row for row in rows}


def _behind(other: Subtask | None) -> dict[str, Any]:
    """Who goes first: its key, and its run, which may be another one."""
    return {"behind": other and other.key, "behind_run": other and str(other.run_id)}
