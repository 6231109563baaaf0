"""Dividing things: into groups of equal weight, and a graph into parts without cycles between them."""

import heapq
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

from todos.plan.graph import dependants

T = TypeVar("T")
Node = TypeVar("Node", bound=Hashable)


def balanced(items: Sequence[T], weights: Sequence[float], count: int) -> list[list[T]]:
    """At most `count` groups, none empty, each item in one. Items keep their order within a group, and groups go by
    their first items.

    The heaviest goes first, each to the group that weighs least (Graham 1969): two groups never differ by more than
    the heaviest item weighs, and when all weigh the same, by one item.
    """
    groups: list[list[int]] = [[] for _ in range(min(count, len(items)))]
    lightest = [(0.0, 0, at) for at in range(len(groups))]
    for item in sorted(range(len(items)), key=lambda item: (-weights[item], item)):
        weight, size, at = heapq.heappop(lightest)
        groups[at].append(item)
        heapq.heappush(lightest, (weight + weights[item], size + 1, at))
    return [[items[item] for item in group] for group in sorted(sorted(group) for group in groups)]


def knots(graph: Mapping[Node, Collection[Node]]) -> list[list[Node]]:
    """The nodes that reach each other, together (strongly connected components, Kosaraju 1978).

    A knot comes after those that it leads to, its nodes in the order of the graph. Every node is a key of the graph.
    """
    order = {node: at for at, node in enumerate(graph)}
    leading_here = dependants(graph)
    seen: set[Node] = set()
    found: list[list[Node]] = []
    for root in reversed(_finishing(graph)):
        knot = [] if root in seen else [root]
        seen.add(root)
        for node in knot:
            new = [other for other in leading_here[node] if other not in seen]
            knot += new
            seen.update(new)
        if knot:
            found.append(sorted(knot, key=order.__getitem__))
    return found[::-1]


def _finishing(graph: Mapping[Node, Collection[Node]]) -> list[Node]:
    """Nodes in the order in which a search in depth is done with them."""
    seen: set[Node] = set()
    found: list[Node] = []
    for root in graph:
        trail = [] if root in seen else [(root, iter(graph[root]))]
        seen.add(root)
        while trail:
            node, rest = trail[-1]
            below = next((other for other in rest if other not in seen), None)
            if below is None:
                found.append(node)
                trail.pop()
            else:
                seen.add(below)
                trail.append((below, iter(graph[below])))
    return found
