"""What todos claim, in the words of the planner."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from runs.claims import limits
from todos.models import Todo
from todos.plan import conflicts
from todos.plan.claims import Claim
from todos.plan.conflicts import Units
from todos.problems import Invalid

Key = TypeVar("Key", bound=Hashable)
MAX_CLAIMS = 100_000


def claims_of(leaf: Todo) -> list[Claim] | None:
    """None when nobody said what it claims."""
    if not leaf.resources_known:
        return None
    return [Claim(one.kind, one.name, one.mode, one.amount) for one in leaf.claims.all()]


def units(leaves: Mapping[str, Todo]) -> list[Units[str]]:
    """What keeps these leaves apart. Raises Invalid when their claims are too many to be compared."""
    return units_of({key: claims_of(leaf) or [] for key, leaf in leaves.items()})


def units_of(found: Mapping[Key, Sequence[Claim]]) -> list[Units[Key]]:
    """The same of claims by key."""
    check_number(sum(map(len, found.values())))
    there = limits.capacity()
    try:
        return conflicts.units(found, lambda kind, name: there.get(f"{kind} {name}", there[kind]))
    except conflicts.TooMany as error:
        raise Invalid.at("", str(error)) from error


def check_number(count: int) -> None:
    if count > MAX_CLAIMS:
        raise Invalid.at("", f"{count} claims on resources, and a run has at most {MAX_CLAIMS}")
