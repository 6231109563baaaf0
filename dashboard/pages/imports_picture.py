"""A drawing of who imports whom, as an exploration has found it: what is imported to the left of what imports it.

It has the files that most others import, and those that import them as far as there is room; the result has them all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.pages.graph_page import LONGEST_LABEL, at, path_of, size_of
from dashboard.words import ansi
from runs.engine import layout

MOST_NODES = 36
MOST_EDGES = 100_000  # of a result that are looked at


@dataclass(frozen=True, slots=True)
class File:
    path: str
    label: str
    words: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Imports:
    """`total`: files that import or are imported."""

    files: list[File]
    lines: list[str]
    width: float
    height: float
    total: int


def of(result: Any) -> Imports | None:
    """None where a result has no graph of imports in it, or an empty one."""
    graph = result.get("graph", result) if isinstance(result, dict) else None
    if not isinstance(graph, dict):
        return None
    names, edges = graph.get("names"), graph.get("imports")
    if not isinstance(names, list) or not isinstance(edges, list) or not _is_graph(names, edges):
        return None
    return _drawn(names, [(after, before) for after, before in edges[:MOST_EDGES] if after != before])


def _is_graph(names: Sequence[Any], edges: Sequence[Any]) -> bool:
    """What agents report may look like one."""
    known = range(len(names))
    pairs = all(isinstance(edge, list) and len(edge) == 2 for edge in edges[:MOST_EDGES])
    numbers = pairs and all(type(end) is int and end in known for edge in edges[:MOST_EDGES] for end in edge)
    return bool(edges) and numbers and all(isinstance(name, str) for name in names)


def _drawn(names: Sequence[str], edges: Sequence[tuple[int, int]]) -> Imports:
    importers = Counter(before for _, before in edges)
    ends = {end for edge in edges for end in edge}
    ranked = sorted(ends, key=lambda file: (-importers[file], names[file]))[:MOST_NODES]
    below: dict[int, list[int]] = {file: [] for file in ranked}
    for after, before in edges:
        if after in below and before in below and before not in below[after]:
            below[after].append(before)
    order = _imported_first(ranked, below)
    place = {file: number for number, file in enumerate(order)}
    laid = layout.layered([sorted(place[before] for before in below[file]) for file in order])
    files = [_file(names[file], importers[file], *at(spot)) for file, spot in zip(order, laid.places)]
    width, height = size_of(laid.columns, laid.rows)
    return Imports(files, [path_of(points) for points in laid.lines.values()], width, height, len(ends))


def _file(path: str, importers: int, x: float, y: float) -> File:
    words = f"imported by {importers:,}" if importers else "imported by none"
    full = ansi.visible(path)
    label = full if len(full) <= LONGEST_LABEL else f"…{full[1 - LONGEST_LABEL :]}"
    return File(full, label, words, x, y)


def _imported_first(files: Sequence[int], below: Mapping[int, Sequence[int]]) -> list[int]:
    """Each after all that it imports, but where they import each other in a circle."""
    order: list[int] = []
    seen: set[int] = set()
    for first in files:
        stack = [(first, iter(below[first]))] if first not in seen else []
        seen.add(first)
        while stack:
            others = stack[-1][1]
            new = next((other for other in others if other not in seen), None)
            if new is None:
                order.append(stack.pop()[0])
            else:
                seen.add(new)
                stack.append((new, iter(below[new])))
    return order
