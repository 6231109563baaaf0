"""Claims on resources: which stand in each other's way, and how that becomes units of a scheduling problem.

A file claim names a path or a glob: `*` and `?` stay within a name, `**` is any number of folders, `[…]` counts as any
character. A name without wildcards may be a folder: it overlaps what is spelled out to be below it. Of two file claims
that overlap one must wait when one of them writes. Amounts of a database or of memory conflict when two of them exceed
what there is. Calls of an API delay.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from posixpath import normpath
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
MAX_COMPARED = 400_000
"""Pairs of file names that are compared, at most. One that takes a close look counts as several, by its length."""
MAX_HELD = 1_000_000
"""Claims that stand in the way of others, counted once for each name they overlap, at most."""


@dataclass(frozen=True, slots=True)
class Claim:
    kind: str
    name: str
    writes: bool = True
    amount: int = 1


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
    found = [Conflict("file", name, [*writers, *others], writers) for name, writers, others in _files(claims)]
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
        found.append(Units("file", name, whole, dict.fromkeys(writers, whole) | dict.fromkeys(others, 1)))
    for (kind, name), held in _amounts(claims).items():
        limit = capacity(kind, name)
        if sum(held.values()) > limit:
            found.append(Units(kind, name, limit, {key: min(amount, limit) for key, amount in held.items()}))
    return found


def calls(claims: Claims[Key]) -> dict[str, dict[Key, int]]:
    """How many calls of each API are made, by whom."""
    found: dict[str, dict[Key, int]] = {}
    for key, claim in _each(claims):
        if claim.kind == "api":
            held = found.setdefault(claim.name, {})
            held[key] = held.get(key, 0) + claim.amount
    return found


def _each(claims: Claims[Key]) -> Iterator[tuple[Key, Claim]]:
    return ((key, claim) for key, made in claims.items() for claim in made)


def _amounts(claims: Claims[Key]) -> dict[tuple[str, str], dict[Key, int]]:
    found: dict[tuple[str, str], dict[Key, int]] = {}
    for key, claim in _each(claims):
        if claim.kind not in ("file", "api"):
            held = found.setdefault((claim.kind, claim.name), {})
            held[key] = held.get(key, 0) + claim.amount
    return found


def _files(claims: Claims[Key]) -> Iterator[tuple[str, list[Key], list[Key]]]:
    """For each file name that is written: the writers, and others whose claims overlap it; none where nobody else is.

    Two writers whose names overlap would be told of with both names: the second time they are left out.
    """
    by_name: dict[str, dict[Key, bool]] = {}
    for key, claim in _each(claims):
        if claim.kind == "file":
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
    split = {name: segments(name) for name in names}
    plain = {name: _before_wildcards(parts) for name, parts in split.items()}
    begun: dict[tuple[str, ...], list[str]] = {}
    for name, start in plain.items():
        begun.setdefault(start, []).append(name)
    found: dict[str, dict[str, None]] = {}
    compared = 0
    for name, start in plain.items():
        for length in range(len(start) + 1):
            for other in begun.get(start[:length], ()):
                compared += 8 + len(name) * len(other) // 32 if _look_alike(split[name], split[other]) else 1
                if compared > MAX_COMPARED:
                    raise TooMany("too many pairs of file names would have to be compared")
                if other != name and name not in found.get(other, ()) and overlap(name, other):
                    found.setdefault(name, {})[other] = None
                    found.setdefault(other, {})[name] = None
    return found


def _before_wildcards(parts: Sequence[str]) -> tuple[str, ...]:
    end = next((at for at, part in enumerate(parts) if _is_wild(part)), len(parts))
    return tuple(parts[:end])


@lru_cache(maxsize=65_536)
def _is_wild(part: str) -> bool:
    return any(character in part for character in "*?[")


@lru_cache(maxsize=65_536)
def segments(name: str) -> tuple[str, ...]:
    """`./src//api/` as `src`, `api`."""
    return tuple(part for part in normpath(name.strip()).split("/") if part not in ("", "."))


def overlap(one: str, other: str) -> bool:
    """Whether there can be a path that both names mean."""
    mine, its = segments(one), segments(other)
    return _below(mine, its) or _below(its, mine) or _meet(mine, its)


def _below(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether `inner` leads into `outer`, which has no wildcards, or is the same."""
    return tuple(inner[: len(outer)]) == tuple(outer) and not any(map(_is_wild, outer))


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Position by position: `row[at]` says whether what was read of `one` can match `other[:at]`."""
    if not _look_alike(one, other):
        return False
    row = [at == 0 or all(part == "**" for part in other[:at]) for at in range(len(other) + 1)]
    for part in one:
        after = [row[0] and part == "**"]
        for at, its in enumerate(other):
            if part == "**" or its == "**":
                after.append(row[at + 1] or after[at] or row[at])
            else:
                after.append(row[at] and _names_meet(part, its))
        row = after
    return row[-1]


def _look_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """False where the first or last characters alone say that they cannot meet: so it is of most, soon found out."""
    if not one or not other:
        return True
    return _ends_meet(one[0], other[0]) and _ends_meet(one[-1], other[-1])


def _ends_meet(one: str, other: str) -> bool:
    if not _is_wild(one) and not _is_wild(other):
        return one == other
    first, second = _characters(one), _characters(other)
    pairs = ((first[0], second[0]), (first[-1], second[-1]))
    return all(mine == its or mine in "*?" or its in "*?" for mine, its in pairs)


def _names_meet(one: str, other: str) -> bool:
    """The same for the characters of one name."""
    first, second = _characters(one), _characters(other)
    row = [all(its == "*" for its in second[:at]) for at in range(len(second) + 1)]
    for mine in first:
        after = [row[0] and mine == "*"]
        for at, its in enumerate(second):
            if "*" in (mine, its):
                after.append(row[at + 1] or after[at] or row[at])
            else:
                after.append(row[at] and ("?" in (mine, its) or mine == its))
        row = after
    return row[-1]


@lru_cache(maxsize=65_536)
def _characters(name: str) -> list[str]:
    """Its characters; a set in brackets is one that can be any."""
    found: list[str] = []
    at = 0
    while at < len(name):
        end = name.find("]", at + 2) if name[at] == "[" else -1
        found.append("?" if end > 0 else name[at])
        at = end + 1 if end > 0 else at + 1
    return found
