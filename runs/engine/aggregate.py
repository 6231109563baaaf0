"""The results of children as one result of their parent.

Each rule takes the results of those that were completed, each with its key, in order, and gives one value. What cannot
be put together raises Unfit, which says what does not fit.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from todos.plan.inputs import follow

T = TypeVar("T")
Parts = Sequence[tuple[str, Any]]
Spec = Mapping[str, Any]

# Reciprocal rank fusion with k = 60: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and
# individual Rank Learning Methods", SIGIR 2009.
K = 60


class Unfit(ValueError):
    """Says which result does not fit, and why."""


def combine(spec: Spec, parts: Parts) -> Any:
    """What `spec` (any kind but `reduce`) makes of these results; None of none. Raises Unfit."""
    if not parts:
        return None
    return _RULES[spec["kind"]](spec, [(key, pointed(key, value, spec.get("pointer", ""))) for key, value in parts])


def pointed(key: str, value: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to in the result of a child. Raises Unfit."""
    try:
        return follow(value, pointer)
    except LookupError:
        raise Unfit(f"there is nothing at {pointer!r} in the result of {key!r}") from None


def _concatenate(spec: Spec, parts: Parts) -> Any:
    """Lists one after the other, or texts with something between them."""
    if all(isinstance(value, str) for _, value in parts):
        return spec.get("separator", "\n").join(value for _, value in parts)
    lists = _all_are(list, parts, "concatenate takes lists, or texts, and not both")
    return [item for _, value in lists for item in value]


def _merge(spec: Spec, parts: Parts) -> dict[str, Any]:
    """One object with the keys of all, in the order in which they first come. Where two have the same key the later
    value stands, whole; with `"lists": "join"` two lists are joined instead."""
    objects = _all_are(dict, parts, "merge takes objects")
    join = spec.get("lists") == "join"
    found: dict[str, Any] = {}
    for _, value in objects:
        for name, item in value.items():
            before = found.get(name)
            found[name] = before + item if join and isinstance(before, list) and isinstance(item, list) else item
    return found


def _rank_fusion(spec: Spec, parts: Parts) -> list[dict[str, Any]]:
    """Items of all lists, the best first: an item scores 1 / (k + rank) in each list that has it, by its best rank
    there, from 1. As good ones stand in the order in which they first come."""
    lists = _all_are(list, parts, "rank_fusion takes lists")
    k, field = spec.get("k", K), spec.get("key")
    items: dict[str, Any] = {}
    scores: dict[str, float] = {}
    for key, ranked in lists:
        seen = set()
        for rank, item in enumerate(ranked, start=1):
            name = _same(_identity(key, item, field))
            if name not in seen:
                seen.add(name)
                items.setdefault(name, item)
                scores[name] = scores.get(name, 0.0) + 1 / (k + rank)
    ordered = sorted(items, key=lambda name: -scores[name])
    return [{"item": items[name], "score": scores[name]} for name in ordered]


def _identity(key: str, item: Any, field: str | None) -> Any:
    if field is None:
        return item
    if not isinstance(item, dict) or field not in item:
        raise Unfit(f"an item in the result of {key!r} has no {field!r}")
    return item[field]


def _vote(spec: Spec, parts: Parts) -> dict[str, Any]:
    """The value that most gave, if it has that share of the votes at least and no other has as many; else null."""
    values: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for _, value in parts:
        name = _same(value)
        values.setdefault(name, value)
        counts[name] = counts.get(name, 0) + 1
    ordered = sorted(values, key=lambda name: -counts[name])
    tie = any(counts[first] == counts[second] for first, second in pairwise(ordered[:2]))
    enough = counts[ordered[0]] >= spec.get("threshold", 0.5) * len(parts)
    votes = [{"value": values[name], "count": counts[name]} for name in ordered]
    return {"winner": values[ordered[0]] if enough and not tie else None, "votes": votes}


def _same(value: Any) -> str:
    """Equal for values that are the same JSON, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True)


def _all_are(kind: type[T], parts: Parts, wants: str) -> list[tuple[str, T]]:
    found = [(key, value) for key, value in parts if isinstance(value, kind)]
    for key, value in parts:
        if not isinstance(value, kind):
            raise Unfit(f"{wants}; the result of {key!r} is {_word(value)}")
    return found


def _word(value: Any) -> str:
    words = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return "null" if value is None else words.get(type(value), "an object")


_RULES: dict[str, Callable[[Spec, Parts], Any]] = {
    "concatenate": _concatenate,
    "merge": _merge,
    "rank_fusion": _rank_fusion,
    "vote": _vote,
}
