"""Which claims get in each other's way.

A file claim is a path or a glob: `*` and `?` stay within one part of a path, `**` stands for any number of parts, none
too. A plain path may be a folder: it overlaps what is spelled out to be below it. What is in doubt overlaps: a set
of characters (`[ab]`) may be any character.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

FILE, API, DATABASE, MEMORY = "file", "api", "database", "memory"
COUNTED = frozenset({DATABASE, MEMORY})
"""Kinds of which there is a capacity: amounts that are held at a time add up to it at most."""

Same = Callable[[str, str], bool]
_WILD = re.compile(r"[*?\[]")
_SET = re.compile(r"\[[!^]?\]?[^\]]*\]")


class Claim(NamedTuple):
    kind: str
    name: str
    mode: str = "write"
    amount: int = 1

    @property
    def writes(self) -> bool:
        return self.mode == "write"


def clash(one: Claim, other: Claim) -> bool:
    """Whether two subtasks cannot hold these at a time, whatever the capacities: their files overlap and one writes."""
    if one.kind != FILE or other.kind != FILE or one.mode == other.mode == "read":
        return False
    return overlap(one.name, other.name)


@lru_cache(maxsize=65_536)
def overlap(one: str, other: str) -> bool:
    """Whether there can be a file that both of these paths or globs mean."""
    a, b = parts(one), parts(other)
    return _is_below(a, b) or _is_below(b, a) or _meet(a, b, "**", _parts_meet)


def _is_below(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Whether it names that very path, or leads into it."""
    return inner[: len(outer)] == outer and not any(map(is_wild, outer))


@lru_cache(maxsize=16_384)
def parts(name: str) -> tuple[str, ...]:
    """`./src//[ab]/` as `src`, `?`."""
    return tuple(_simple(part) for part in posixpath.normpath(name.strip()).split("/") if part != ".")


def is_wild(part: str) -> bool:
    return bool(_WILD.search(part))


def _simple(part: str) -> str:
    """Sets as `?`; several stars within a part as one."""
    return part if part == "**" else re.sub(r"\*+", "*", _SET.sub("?", part))


@lru_cache(maxsize=65_536)
def _parts_meet(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (is_wild(one) or is_wild(other)):
        return False
    return _meet(one, other, "*", lambda a, b: a == b or "?" in (a, b))


def _meet(one: Sequence[str], other: Sequence[str], star: str, same: Same) -> bool:
    """Whether some sequence fits both of these, where `star` fits any number of items, none too.

    From both ends, until one of them has a star there, items stand opposite each other. If the stars that are met do
    not both belong to one of them, or the other has a star of its own in between, each star takes what the other has
    beside it, and they meet. What is left is one with stars at both ends against one without any: what stands between
    two stars is found there, one after the other, each as early as it can be.
    """
    for _ in ("from the front", "from the back"):
        alike = _opposite(one, other, star, same)
        if alike is None:
            return False
        one, other = one[alike:][::-1], other[alike:][::-1]
    if star not in one and star not in other:
        return not one and not other
    if star in one and star in other:
        return True
    stars, plain = (one, other) if star in one else (other, one)
    return _found_in_order(stars, plain, star, same)


def _opposite(one: Sequence[str], other: Sequence[str], star: str, same: Same) -> int | None:
    """How many items stand opposite each other before the first star; None when two of these cannot meet."""
    for at, (mine, its) in enumerate(zip(one, other)):
        if star in (mine, its):
            return at
        if not same(mine, its):
            return None
    return min(len(one), len(other))


def _found_in_order(stars: Sequence[str], plain: Sequence[str], star: str, same: Same) -> bool:
    """Sets of places are integers, a bit for each place: so what is alike is compared at all places at once."""
    places: dict[str, int] = {}
    for place, item in enumerate(plain):
        places[item] = places.get(item, 0) | 1 << place
    wild = {item: where for item, where in places.items() if is_wild(item)}
    at = 0
    for between in _between_stars(stars, star):
        begins = (1 << len(plain)) - 1 >> at << at
        for offset, item in enumerate(between):
            near = places if is_wild(item) else wild | {item: places.get(item, 0)}
            meets = sum(where for other, where in near.items() if same(item, other))
            begins &= meets >> offset
            if not begins:
                return False
        at = (begins & -begins).bit_length() - 1 + len(between)
    return True


def _between_stars(items: Sequence[str], star: str) -> Iterator[Sequence[str]]:
    begins = 0
    for at in [*(at for at, item in enumerate(items) if item == star), len(items)]:
        if at > begins:
            yield items[begins:at]
        begins = at + 1
