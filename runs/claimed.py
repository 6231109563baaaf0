"""What todos claim, in the words of the planner, and how much of it there is."""

from collections.abc import Mapping

import psutil

from todos.models import Todo
from todos.plan import conflicts
from todos.plan.conflicts import Claim, Units
from todos.problems import Invalid

CALLS_PER_SECOND = 10.0
DATABASE_CONNECTIONS = 10
MEMORY_SHARE = 0.8
MAX_CLAIMS = 100_000


def capacity() -> dict[str, int]:
    """Of each resource of a kind: connections of a database, MiB of memory."""
    return {
        "database": DATABASE_CONNECTIONS,
        "memory": int(psutil.virtual_memory().total * MEMORY_SHARE) // (1024 * 1024),
    }


def claims_of(leaf: Todo) -> list[Claim] | None:
    """None when nobody said what it claims."""
    if not leaf.resources_known:
        return None
    return [Claim(one.kind, one.name, one.mode == "write", one.amount) for one in leaf.claims.all()]


def units(leaves: Mapping[str, Todo]) -> list[Units[str]]:
    """What keeps these leaves apart. Raises Invalid when their claims are too many to be compared."""
    found = {key: claims_of(leaf) or [] for key, leaf in leaves.items()}
    check_number(sum(map(len, found.values())))
    there = capacity()
    try:
        return conflicts.units(found, lambda kind, name: there[kind])
    except conflicts.TooMany as error:
        raise Invalid.at("", str(error)) from error


def check_number(count: int) -> None:
    if count > MAX_CLAIMS:
        raise Invalid.at("", f"{count} claims on resources, and a run has at most {MAX_CLAIMS}")
