"""Pools as they stand: limits, what runs and waits, and what is used. What only the server's own process knows is null
elsewhere.
"""

from collections import Counter
from typing import Any

from django.conf import settings
from django.db.models import Count

from runs.backends import slots as kept
from runs.claims import limits
from runs.engine.pools import ALL_COMMANDS, BASH, EVERY_POOL, POOLS, Use, name_of, room, slots_of
from runs.models import Backend, Run, Subtask
from todos.plan.words import Lane

# What a limit may be set for, but for commands of no sort.
LIMITED = frozenset({*POOLS, ALL_COMMANDS, *EVERY_POOL}) - {f"{BASH}/other"}


def waiting(run_id: int) -> dict[str, int]:
    """Ready subtasks by the name of their pool: of one run, or (0) of all that workers of ours carry out."""
    found: Counter[str] = Counter()
    for pool, count in _ready(run_id).items():
        found[name_of(pool)] += count
    return found


def _ready(run_id: int) -> dict[str, int]:
    ready = Subtask.objects.filter(status="pending", unmet=0, not_before=None, waits_for="", lane__in=list(Lane))
    ready = ready.filter(run__status="running", run__backend=Backend.EMBEDDED)
    if run_id:
        ready = ready.filter(run=run_id)
    return dict(ready.order_by().values("pool").annotate(count=Count("pk")).values_list("pool", "count"))


def of_run(run: Run) -> list[dict[str, Any]]:
    """All pools: what runs of each on this server, of all runs, and what of this run is ready for it."""
    slots, asked = kept.current(), limits.pools()
    ready = waiting(run.pk)
    return [
        {
            "name": pool,
            "limit": (slots.limits if slots else asked).get(pool),
            "asked": asked.get(pool),
            "running": slots.running()[pool] if slots else None,
            "waiting": ready.get(pool, 0),
            "share": settings.POOL_SHARES[pool],
            "use": _use(slots.use.get(pool)) if slots else None,
        }
        for pool in POOLS
    ]


def _use(use: Use | None) -> dict[str, float | None] | None:
    """Null when nothing of it runs. Of disks and networks nothing is measured."""
    if use is None:
        return None
    return {"cpu": use.cpu, "memory": use.memory, "io": None, "network": None, "storage": None}


def describe(name: str) -> dict[str, Any]:
    """One limit, as a resource is described."""
    limit, slots = limits.pools().get(name), kept.current()
    held = list(slots.held.values()) if slots else []
    running = sum(1 for pool in held if name in slots_of(pool))
    ready = sum(count for pool, count in _ready(0).items() if name in slots_of(pool))
    available = None if limit is None else max(0, limit - running)
    return {
        "capacity": limit,
        "per_second": None,
        "available": available,
        "holders": running,
        "waiting": ready,
    }


def in_the_way(pool: str) -> dict[str, Any] | None:
    """The limit for which a subtask of this pool cannot begin now, or None."""
    slots = kept.current()
    if slots is None:
        return None
    limits_now = slots.limits
    left = room(limits_now, list(slots.held.values()))
    name = next((slot for slot in slots_of(pool) if left.get(slot, 1) <= 0), None)
    return {"name": name, "limit": limits_now[name]} if name else None
