"""How much there is of what subtasks claim: as somebody said, else as the settings have it."""

from collections.abc import Iterable
from functools import cache

import psutil
from django.conf import settings

from runs.engine.pools import ALL_COMMANDS, BASH
from runs.models import Resource
from runs.models.resource import POOL
from todos.plan.claims import API, COUNTED, DATABASE, Claim

MEBIBYTE = 1024 * 1024


def default_capacity(kind: str) -> int:
    """Connections of a database, or MiB of a budget of memory."""
    return settings.DATABASE_CONNECTIONS if kind == DATABASE else _memory()


@cache
def _memory() -> int:
    return int(psutil.virtual_memory().total * settings.MEMORY_SHARE / MEBIBYTE)


def default_per_second() -> float:
    """Calls of an API."""
    return settings.API_CALLS_PER_SECOND


def capacity() -> dict[str, int]:
    """By kind, and by kind and name (`database main`) where somebody set it."""
    usual = {kind: default_capacity(kind) for kind in COUNTED}
    rows = Resource.objects.filter(kind__in=COUNTED, capacity__isnull=False).values_list("kind", "name", "capacity")
    return usual | {f"{kind} {name}": amount for kind, name, amount in rows if amount is not None}


def per_second() -> dict[str, float]:
    """By API where somebody set it; under "" of all others."""
    rows = Resource.objects.filter(kind=API, per_second__isnull=False).values_list("name", "per_second")
    return {"": default_per_second()} | {name: rate for name, rate in rows if rate is not None}


def pools() -> dict[str, int]:
    """How many subtasks of each pool, and commands of each sort, run here at once: those that have a limit."""
    sorts = {f"{BASH}/{kind}": limit for kind, limit in settings.COMMAND_LIMITS.items()}
    usual = {**settings.POOL_LIMITS, ALL_COMMANDS: settings.COMMAND_LIMIT, **sorts}
    return {name: limit for name, limit in (usual | _set_for_pools()).items() if limit is not None}


def _set_for_pools() -> dict[str, int | None]:
    return dict(Resource.objects.filter(kind=POOL).values_list("name", "capacity"))


def too_large(claims: Iterable[tuple[str, Claim]]) -> tuple[str, Claim] | None:
    """The first of these, each with its subtask, that asks for more than there is."""
    counted = [(key, claim) for key, claim in claims if claim.kind in COUNTED]
    if not counted:
        return None
    there = capacity()
    for key, claim in counted:
        if claim.amount > there.get(f"{claim.kind} {claim.name}", there[claim.kind]):
            return key, claim
    return None


def in_words(claim: Claim) -> str:
    """ "claims 20 connections of main"."""
    return f"claims {claim.amount:,} {'connections' if claim.kind == DATABASE else 'MiB'} of {claim.name}"
