"""Questions about a dependency graph.

A graph is a mapping from each node to the nodes it depends on. Every node is a key of the mapping. No function here
recurses, so the depth of a graph is bounded by memory only.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Graph = Mapping[Node, Collection[Node]]


class CycleError(ValueError):
    """Nodes that wait for each other. `path` names them in order and ends where it began."""

    def __init__(self, path: list) -> None:
        super().__init__(" → ".join(str(node) for node in path))
        self.path = path


def find_cycle(graph: Graph[Node]) -> list[Node] | None:
    """The first cycle met, as `[a, b, …, a]` where each depends on the next; None when there is none."""
    finished: set[Node] = set()
    for root in graph:
        trail: dict[Node, int] = {}  # the nodes on the way down, and their order
        stack = [(root, iter(graph[root]))] if root not in finished else []
        if stack:
            trail[root] = 0
        while stack:
            node, rest = stack[-1]
            below = next((other for other in rest if other not in finished), None)
            if below is None:
                finished.add(node)
                trail.pop(node)
                stack.pop()
            elif below in trail:
                path = list(trail)
                return [*path[trail[below] :], below]
            else:
                trail[below] = len(trail)
                stack.append((below, iter(graph[below])))
    return None


def dependants(graph: Graph[Node]) -> dict[Node, list[Node]]:
    """The same graph seen the other way: who waits for each node."""
    found: dict[Node, list[Node]] = {node: [] for node in graph}
    for node, needs in graph.items():
        for need in needs:
            found[need].append(node)
    return found


def waves(graph: Graph[Node]) -> list[list[Node]]:
    """Nodes by depth: those of wave n depend on at least one of wave n-1 and on none later. Raises CycleError."""
    unmet = {node: len(needs) for node, needs in graph.items()}
    waiting = dependants(graph)
    found: list[list[Node]] = []
    wave = [node for node, count in unmet.items() if count == 0]
    while wave:
        found.append(wave)
        after: list[Node] = []
        for node in wave:
            for waiter in waiting[node]:
                unmet[waiter] -= 1
                if unmet[waiter] == 0:
                    after.append(waiter)
        wave = after
    if sum(len(wave) for wave in found) < len(graph):
        raise CycleError(find_cycle(graph) or [])
    return found


def order(graph: Graph[Node]) -> list[Node]:
    """The nodes, each after all it depends on. Raises CycleError."""
    return [node for wave in waves(graph) for node in wave]


def remaining_paths(graph: Graph[Node], seconds: Callable[[Node], float]) -> dict[Node, float]:
    """For each node its b-level: the longest chain of work from its start to the end of the graph, in seconds.

    List scheduling by falling b-level stays close to the optimum (Adam, Chandy and Dickson 1974).
    """
    waiting = dependants(graph)
    found: dict[Node, float] = {}
    for node in reversed(order(graph)):
        found[node] = seconds(node) + max((found[waiter] for waiter in waiting[node]), default=0.0)
    return found


def critical_path(graph: Graph[Node], seconds: Callable[[Node], float]) -> tuple[list[Node], float]:
    """The longest chain of work and its seconds: no number of agents can be done sooner."""
    remaining = remaining_paths(graph, seconds)
    if not remaining:
        return [], 0.0
    waiting = dependants(graph)
    path = [max((node for node in graph if not graph[node]), key=remaining.__getitem__)]
    while waiting[path[-1]]:
        path.append(max(waiting[path[-1]], key=remaining.__getitem__))
    return path, remaining[path[0]]
