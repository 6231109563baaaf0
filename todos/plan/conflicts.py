"""Which of many subtasks stand in each other's way by their claims, and how that becomes units of a scheduling problem.

Of two file claims that overlap one must wait when one of them writes. Amounts of a database or of memory conflict when
two of them exceed what there is. Calls of an API delay.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from todos.plan.claims import API, FILE, Claim, is_wild, overlap, parts

Key = TypeVar("Key", bound=Hashable)
MAX_COMPARED = 400_000
"""Pairs of file names that are compared, at most. One that takes a close look counts as several, by its length."""
MAX_HELD = 1_000_000
"""Claims that stand in the way of others, counted once for each name they overlap, at most."""


@dataclass(frozen=True, slots=True)
class Conflict(Generic[Key]):
    """Each of `writers` stands in the way of all other `keys`. For amounts, the writers are those that with some other
    exceed what there is.
    """

    kind: str
    name: str
    keys: list[Key]
    writers: list[Key]


@dataclass(frozen=True, slots=True)
class Units(Generic[Key]):
    """One renewable resource: its capacity, and the units of those that hold it."""

    kind: str
    name: str
    capacity: int
    held: dict[Key, int]


class TooMany(ValueError):
    """More claims than can be compared."""


Claims = Mapping[Key, Sequence[Claim]]
Capacity = Callable[[str, str], int]


def between(claims: Claims[Key], capacity: Capacity) -> list[Conflict[Key]]:
    """In the order in which they are first claimed. Raises TooMany."""
    found = [Conflict(FILE, name, [*writers, *others], writers) for name, writers, others in _files(claims)]
    for (kind, name), held in _amounts(claims).items():
        most = sorted(held.values(), reverse=True)[:2]
        limit = capacity(kind, name)
        if len(most) == 2 and sum(most) > limit:
            largest = [key for key, amount in held.items() if amount + most[0] > limit]
            keys = largest if len(largest) > 1 else list(held)
            found.append(Conflict(kind, name, keys, largest))
    return found


def units(claims: Claims[Key], capacity: Capacity) -> list[Units[Key]]:
    """The resources that keep these claims apart. What claims more than there is gets all of it. Raises TooMany."""
    found = []
    for name, writers, others in _files(claims):
        whole = len(writers) + len(others)
        found.append(Units(FILE, name, whole, dict.fromkeys(writers, whole) | dict.fromkeys(others, 1)))
    for (kind, name), held in _amounts(claims).items():
        limit = capacity(kind, name)
        if sum(held.values()) > limit:
            found.append(Units(kind, name, limit, {key: min(amount, limit) for key, amount in held.items()}))
    return found


def calls(claims: Claims[Key]) -> dict[str, dict[Key, int]]:
    """How many calls of each API are made, by whom."""
    found: dict[str, dict[Key, int]] = {}
    for key, claim in _each(claims):
        if claim.kind == API:
            held = found.setdefault(claim.name, {})
            held[key] = held.get(key, 0) + claim.amount
    return found


def _each(claims: Claims[Key]) -> Iterator[tuple[Key, Claim]]:
    return ((key, claim) for key, made in claims.items() for claim in made)


def _amounts(claims: Claims[Key]) -> dict[tuple[str, str], dict[Key, int]]:
    found: dict[tuple[str, str], dict[Key, int]] = {}
    for key, claim in _each(claims):
        if claim.kind not in (FILE, API):
            held = found.setdefault((claim.kind, claim.name), {})
            held[key] = held.get(key, 0) + claim.amount
    return found


def _files(claims: Claims[Key]) -> Iterator[tuple[str, list[Key], list[Key]]]:
    """For each file name that is written: the writers, and others whose claims overlap it; none where nobody else is.

    Two writers whose names overlap would be told of with both names: the second time they are left out.
    """
    by_name: dict[str, dict[Key, bool]] = {}
    for key, claim in _each(claims):
        if claim.kind == FILE:
            held = by_name.setdefault(claim.name, {})
            held[key] = held.get(key, False) or claim.writes
    told: set[str] = set()
    count = 0
    beside = _overlapping(list(by_name))
    for name, held in by_name.items():
        writers = [key for key, writes in held.items() if writes]
        if not writers:
            continue
        own = set(writers)
        others = dict.fromkeys(
            key
            for near in [name, *beside.get(name, ())]
            for key, writes in by_name[near].items()
            if key not in own and not (writes and near in told)
        )
        told.add(name)
        count += len(writers) + len(others)
        if count > MAX_HELD:
            raise TooMany(f"claims overlap in more than {MAX_HELD} ways")
        if len(writers) + len(others) > 1:
            yield name, writers, list(others)


# ---- names that overlap ----


def _overlapping(names: Iterable[str]) -> dict[str, dict[str, None]]:
    """The names that overlap each. Only those are compared of which one begins like the other up to its wildcards."""
    split = {name: parts(name) for name in names}
    plain = {name: _before_wildcards(found) for name, found in split.items()}
    begun: dict[tuple[str, ...], list[str]] = {}
    for name, start in plain.items():
        begun.setdefault(start, []).append(name)
    found: dict[str, dict[str, None]] = {}
    compared = 0
    for name, start in plain.items():
        for length in range(len(start) + 1):
            for other in begun.get(start[:length], ()):
                alike = _look_alike(split[name], split[other])
                compared += 8 + len(name) * len(other) // 32 if alike else 1
                if compared > MAX_COMPARED:
                    raise TooMany("too many pairs of file names would have to be compared")
                if alike and other != name and name not in found.get(other, ()) and overlap(name, other):
                    found.setdefault(name, {})[other] = None
                    found.setdefault(other, {})[name] = None
    return found


def _before_wildcards(found: Sequence[str]) -> tuple[str, ...]:
    end = next((at for at, part in enumerate(found) if is_wild(part)), len(found))
    return tuple(found[:end])


def _look_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """False where the first or last characters alone say that they cannot meet: so it is of most, soon found out."""
    if not one or not other:
        return True
    return _ends_meet(one[0], other[0]) and _ends_meet(one[-1], other[-1])


def _ends_meet(one: str, other: str) -> bool:
    if not is_wild(one) and not is_wild(other):
        return one == other
    pairs = ((one[0], other[0]), (one[-1], other[-1]))
    return all(mine == its or mine in "*?" or its in "*?" for mine, its in pairs)
