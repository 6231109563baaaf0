"""Who holds what in a run, and who waits for whom: the answer of `runs.claims.resources`, as a person reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.words import ansi, figures
from runs.claims import resources, uses
from runs.claims.uses import Use
from runs.models import Resource, Run
from runs.models.resource import POOL
from runs.orchestrating import pools
from runs.reading import past
from todos.plan.claims import DATABASE, FILE, MEMORY

STEPS = 5
LONGEST_NAME = 120

TO_CLAIM = (
    '[{"kind": "file", "name": "src/**"},\n'
    ' {"kind": "database", "name": "main", "amount": 2},\n'
    ' {"kind": "api", "name": "forge"}]'
)


@dataclass(frozen=True, slots=True)
class Step:
    """One that must end, or go first. `run` is another run where it is not this one."""

    key: str
    run: str
    agent: str


@dataclass(frozen=True, slots=True)
class Waiter:
    """`chain`: from what it waits for to somebody who is at work, as far as that is ours to see; `more` hold it too."""

    key: str
    what: str
    since: datetime | None
    until: datetime | None
    chain: list[Step]
    more: int


@dataclass(frozen=True, slots=True)
class Pool:
    """A named share of this machine as it stands; `limit` and what is used, in words. `over`: of what it takes more
    than its share. `href`: where the limit is set, for whoever may."""

    name: str
    limit: str
    narrowed: str
    running: int | None
    waiting: int
    cpu: str
    memory: str
    over: str
    href: str


def context(run: Run, *, may_change: bool) -> dict[str, Any]:
    """Everything the template `run/resources_panel.html` needs."""
    found = resources.of_run(run)
    details = {detail["subtask"]: detail for detail in found["waiting"]}
    return {
        "uses": [(use, limit(use), in_use(use)) for use in uses.of_run(run)],
        "held": [{**hold, "what": what(hold)} for hold in found["held"]],
        "held_count": found["held_count"],
        "waiters": [waiter(run, detail, details) for detail in found["waiting"]],
        "waiting_count": found["waiting_count"],
        "to_claim": TO_CLAIM,
        "pools": [] if run.finished_at else pools_shown(run, may_change=may_change),
    }


def context_then(run: Run, moment: datetime) -> dict[str, Any]:
    """The same of a moment of the past: what was held then. Who waited for it, and what else used this machine, is in
    no log."""
    held = past.held(run, moment, resources.MOST_ROWS)
    return {"held": [{**hold, "what": what(hold)} for hold in held], "held_count": len(held), "to_claim": TO_CLAIM}


def waiter(run: Run, detail: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]]) -> Waiter:
    return Waiter(
        detail["subtask"],
        what(detail) if "kind" in detail else "",
        detail["since"],
        detail["until"],
        chain(run, detail, details),
        detail["more"] + max(0, len(detail["held_by"]) - 1),
    )


def chain(run: Run, detail: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]]) -> list[Step]:
    """Who goes first, whom that waits for, and so on; STEPS at most, and nobody twice."""
    steps: list[Step] = []
    seen = {detail["subtask"]}
    at: Mapping[str, Any] | None = detail
    while at is not None and len(steps) < STEPS:
        step = _next(run, at, seen)
        if step is None:
            break
        seen.add(step.key)
        steps.append(step)
        at = None if step.agent else details.get(step.key)
    return steps


def _next(run: Run, detail: Mapping[str, Any], seen: set[str]) -> Step | None:
    behind = detail["behind"]
    if behind and behind not in seen:
        return Step(behind, str(run.pk), "")
    holders: Sequence[Mapping[str, Any]] = detail["held_by"]
    if not holders:
        return None
    return Step(holders[0]["subtask"], holders[0]["run"], holders[0]["agent"])


# ---- pools ----


def pools_shown(run: Run, *, may_change: bool) -> list[Pool]:
    found, hrefs = pools.of_run(run), dict[str, str]()
    if may_change:
        rows = dict(Resource.objects.filter(kind=POOL).values_list("name", "pk"))
        hrefs = {pool["name"]: _where_set(pool["name"], rows.get(pool["name"])) for pool in found}
    return [_pool(pool, hrefs.get(pool["name"], "")) for pool in found]


def _where_set(pool: str, row: int | None) -> str:
    if row is not None:
        return reverse("admin:runs_resource_change", args=[row])
    return f"{reverse('admin:runs_resource_add')}?{urlencode({'kind': POOL, 'name': pool})}"


def _pool(pool: Mapping[str, Any], href: str) -> Pool:
    narrowed = pool["limit"] is not None and pool["limit"] != pool["asked"]
    use, share = pool["use"] or {}, pool["share"]
    over = [what for what in ("cpu", "memory") if use.get(what) is not None and use[what] > share[what]]
    return Pool(
        pool["name"],
        "none" if pool["limit"] is None else f"{pool['limit']:,} at once",
        (f"narrowed from {pool['asked']:,}" if pool["asked"] else "narrowed") if narrowed else "",
        pool["running"],
        pool["waiting"],
        _of_share(use.get("cpu"), share["cpu"]),
        _of_share(use.get("memory"), share["memory"]),
        " and ".join(over),
        href,
    )


def _of_share(used: float | None, share: float) -> str:
    return f"{figures.percent(used)} of {figures.percent(share)}"


# ---- in words ----


def what(claim: Mapping[str, Any]) -> str:
    """ "2 connections of main", "512 MiB of ram", "src/**", "src/** to read", "3 calls of forge"."""
    name, amount = ansi.visible(claim["name"])[:LONGEST_NAME], claim["amount"]
    if claim["kind"] == DATABASE:
        return f"{figures.plural(amount, 'connection')} of {name}"
    if claim["kind"] == MEMORY:
        return f"{amount:,} MiB of {name}"
    if claim["kind"] == FILE:
        return f"{name} to read" if claim["mode"] == "read" else name
    return f"{figures.plural(amount, 'call')} of {name}"


def limit(use: Use) -> str:
    if use.capacity is not None:
        return f"{use.capacity:,} MiB" if use.kind == MEMORY else figures.plural(use.capacity, "connection")
    if use.per_second is not None:
        return f"{use.per_second:g} calls a second"
    return "one writes, or many read"


def in_use(use: Use) -> str:
    """How much of it is held, by all runs together; calls are not held."""
    if use.capacity is not None:
        return f"{use.held:,} of {use.capacity:,}"
    return figures.UNKNOWN if use.per_second is not None else figures.plural(use.holders, "attempt")
