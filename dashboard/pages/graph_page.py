"""The picture of a run's dependencies: what is shown, where it stands, and how each fares."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.pages import graph_groups
from dashboard.pages.graph_groups import Group
from dashboard.words import ansi
from runs.engine import layout, states
from runs.models import Run
from runs.reading.graph import RunGraph

WIDTH, HEIGHT = 184, 44  # of a node, in pixels
ACROSS, DOWN = WIDTH + 60, HEIGHT + 14
MARGIN = 14
LONGEST_LABEL = 19
MOSTLY = 0.9  # of the keys have a kind: then it is worth grouping by
MOST_LINES = 1_500
WAYS = {"parent": "todo", "phase": "phase", "kind": "kind", "depth": "depth"}


@dataclass(frozen=True, slots=True)
class Picture:
    """All that stays as it is while the run goes on. `lines`: paths, and whether each is on the critical path."""

    nodes: list[Group | int]
    places: list[tuple[float, float]]
    columns: list[int]
    needs: list[list[int]]
    lines: list[tuple[str, bool]]
    lines_count: int
    critical: frozenset[int]
    width: float
    height: float
    open: list[Group]
    refused: list[Group]


def ways(graph: RunGraph) -> list[str]:
    """By what its subtasks can be grouped: the best first."""
    found = [name for name, values in (("parent", graph.parents), ("phase", graph.phases)) if len(set(values)) > 1]
    kinds = _kinds(graph)
    told = sum(1 for kind in kinds if kind)
    if 1 < len(set(kinds)) <= graph_groups.MOST_GROUPS and told >= MOSTLY * len(kinds):
        found.append("kind")
    return [*found, "depth"]


def _kinds(graph: RunGraph) -> list[str]:
    """What stands before the first point of their keys: "test" of "test.orders"; "" where there is none."""
    return [kind if point else "" for kind, point, _ in (key.partition(".") for key in graph.keys)]


@lru_cache(maxsize=32)
def picture(graph: RunGraph, way: str, opened: tuple[str, ...]) -> Picture:
    """The same for all who look at the same; kept, for it costs more than what changes in it."""
    values, labels = _grouping(graph, way)
    shown = graph_groups.show(values, labels, opened)
    node_of = _node_of(shown.nodes, len(graph.ids))
    needs: list[set[int]] = [set() for _ in shown.nodes]
    for after, befores in enumerate(graph.needs):
        needs[node_of[after]].update(node_of[before] for before in befores)
    listed = [sorted(befores - {at}) for at, befores in enumerate(needs)]
    laid = layout.layered(listed)
    chain = [node_of[member] for member in graph.critical]
    links = set(itertools.pairwise(chain))
    paths = sorted(((path_of(points), ends in links) for ends, points in laid.lines.items()), key=lambda line: line[1])
    return Picture(
        shown.nodes,
        [at(place) for place in laid.places],
        [place.column for place in laid.places],
        listed,
        paths[-MOST_LINES:],
        len(paths),
        frozenset(chain),
        *size_of(laid.columns, laid.rows),
        shown.open,
        shown.refused,
    )


def _grouping(graph: RunGraph, way: str) -> tuple[Sequence[Any], list[str]]:
    if way == "parent":
        return graph.parents, [ansi.visible(parent) or "no todo" for parent in graph.parents]
    if way == "phase":
        return graph.phases, ["no phase" if phase is None else f"phase {phase}" for phase in graph.phases]
    if way == "kind":
        kinds = _kinds(graph)
        return kinds, [kind or "others" for kind in kinds]
    return graph.depths, [f"depth {depth}" for depth in graph.depths]


def _node_of(nodes: Sequence[Group | int], total: int) -> list[int]:
    found = [0] * total
    for at, node in enumerate(nodes):
        for member in (node,) if isinstance(node, int) else node.members:
            found[member] = at
    return found


# ---- where things are ----


def size_of(columns: int, rows: float) -> tuple[float, float]:
    """Of the whole drawing, in pixels."""
    width = 2 * MARGIN + max(1, columns) * ACROSS - (ACROSS - WIDTH)
    return width, 2 * MARGIN + max(1.0, rows) * DOWN - (DOWN - HEIGHT)


def at(place: layout.Place) -> tuple[float, float]:
    return MARGIN + place.column * ACROSS, round(MARGIN + place.row * DOWN, 1)


def path_of(points: Sequence[layout.Place]) -> str:
    """A line from the right side of the first node to the left side of the last, level where it passes others."""
    x, y = at(points[0])
    x, y = x + WIDTH, y + HEIGHT / 2
    path = [f"M{x:g} {y:g}"]
    for point in points[1:]:
        left, top = at(point)
        middle = top + HEIGHT / 2
        turn = max(24.0, abs(left - x) / 2)
        path.append(f"C{x + turn:g} {y:g} {left - turn:g} {middle:g} {left:g} {middle:g}")
        x, y = left, middle
        if point is not points[-1]:
            x += WIDTH
            path.append(f"H{x:g}")
    return " ".join(path)


# ---- how each fares ----


@dataclass(frozen=True, slots=True)
class Node:
    """A subtask, or a group of them, as it is drawn and as it is said. `parts`: of a group, by what became of it."""

    name: str
    label: str
    full: str
    href: str
    status: str
    words: str
    x: float
    y: float
    column: int
    critical: bool
    group: bool
    needs: list["Node"] = field(default_factory=list)
    parts: list[tuple[str, float, float]] = field(default_factory=list)


def nodes(run: Run, graph: RunGraph, drawn: Picture, statuses: Sequence[str], kept: Mapping[str, str]) -> list[Node]:
    """`kept`: the query string as it stands."""
    made = [_node(run, graph, drawn, at, statuses, kept) for at in range(len(drawn.nodes))]
    for node, befores in zip(made, drawn.needs):
        node.needs.extend(made[before] for before in befores)
    return made


def _node(run: Run, graph: RunGraph, drawn: Picture, at: int, statuses: Sequence[str], kept: Mapping[str, str]) -> Node:
    place = (*drawn.places[at], drawn.columns[at], at in drawn.critical)
    shown = drawn.nodes[at]
    if isinstance(shown, int):
        key, status = graph.keys[shown], statuses[shown]
        href = f"/runs/{run.pk}/subtasks/{key}/"
        return Node(f"node-{graph.ids[shown]}", _cut(key), key, href, status, status.replace("_", " "), *place, False)
    counts = Counter(statuses[member] for member in shown.members)
    opened = [*(group.name for group in drawn.open), shown.name]
    href = f"?{urlencode({**kept, 'open': ','.join(opened)})}"
    label = shown.label if len(shown.label) <= LONGEST_LABEL else f"{shown.label[: LONGEST_LABEL - 1]}…"
    words = _words(counts, len(shown.members))
    name, full = f"group-{shown.name.replace('.', '-')}", shown.label
    return Node(name, label, full, href, _status(counts), words, *place, True, parts=_parts(counts))


def _cut(key: str) -> str:
    """Of a long key the end tells it from others."""
    return key if len(key) <= LONGEST_LABEL else f"…{key[1 - LONGEST_LABEL :]}"


def _words(counts: Counter[str], total: int) -> str:
    failed = f" · {counts['failed']:,} failed" if counts["failed"] else ""
    return f"{counts['completed']:,} of {total:,} completed{failed}"


def _status(counts: Counter[str]) -> str:
    """The one that matters most of a group."""
    for status in ("failed", "in_progress"):
        if counts[status]:
            return status
    if counts["pending"]:
        return "in_progress" if counts["completed"] else "pending"
    return "completed" if counts["completed"] else next(iter(counts), "pending")


_PARTS = (("completed", "completed"), ("failed", "failed"), ("moving", "in_progress"), ("cancelled", "cancelled"))


def _parts(counts: Counter[str]) -> list[tuple[str, float, float]]:
    """A bar: what it is, where it begins and how wide it is, in pixels."""
    unit, at = (WIDTH - 20) / counts.total(), 0.0
    parts = []
    for kind, status in _PARTS:
        number = counts[status] + (counts["skipped"] if status == states.Status.CANCELLED else 0)
        if number:
            parts.append((kind, round(at, 2), round(number * unit, 2)))
            at += number * unit
    return parts


# ---- what can be chosen ----


@dataclass(frozen=True, slots=True)
class Choice:
    word: str
    href: str
    current: bool = False


def choices(run: Run, graph: RunGraph, drawn: Picture, way: str, kept: Mapping[str, str]) -> dict[str, list[Choice]]:
    """By what to group, and what is open; links that change one of them."""
    here = reverse("run-graph", args=[run.pk])
    grouped = len(graph.ids) > graph_groups.MOST_NODES
    rest = {name: value for name, value in kept.items() if name not in ("by", "open")}
    by = [Choice(WAYS[name], f"{here}?{urlencode({**rest, 'by': name})}", name == way) for name in ways(graph)]
    closing = []
    for group in drawn.open:
        left = [one.name for one in drawn.open if one != group and not one.name.startswith(f"{group.name}.")]
        query = {**kept, "open": ",".join(left)} if left else {**rest, "by": way}
        closing.append(Choice(group.label, f"{here}?{urlencode(query)}"))
    return {"ways": by if grouped else [], "closing": closing}
