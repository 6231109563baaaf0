"""Which claims get in each other's way.

A file claim is a path or a glob: `*` and `?` stay within one part of a path, `**` stands for any number of parts, none
too. A plain path may be a folder: it overlaps what is spelled out to be below it. What is in doubt overlaps: a set
of characters (`[ab]`) may be any character.
"""

import posixpath
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

FILE, API, DATABASE, MEMORY = "file", "api", "database", "memory"
COUNTED = frozenset({DATABASE, MEMORY})
"""Kinds of which there is a capacity: amounts that are held at a time add up to it at most."""

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


def _meet(one: Sequence[str], other: Sequence[str], star: str, same: Callable[[str, str], bool]) -> bool:
    """Whether some sequence fits both of these, where `star` fits any number of items, none too.

    Read from the end: `row[j]` says whether what is left of one, from i on, meets what is left of the other, from j on.
    """
    below: list[bool] = []
    for i in range(len(one), -1, -1):
        row = [False] * (len(other) + 1)
        for j in range(len(other), -1, -1):
            if i == len(one) and j == len(other):
                row[j] = True
            elif i < len(one) and one[i] == star:
                row[j] = below[j] or (j < len(other) and row[j + 1])
            elif j < len(other) and other[j] == star:
                row[j] = row[j + 1] or (i < len(one) and below[j])
            elif i < len(one) and j < len(other):
                row[j] = below[j + 1] and same(one[i], other[j])
        below = row
    return below[0]
