"""How many agents are worth having: the makespan for each number of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from todos.plan.problem import Schedule

CLOSE = 1.05
TASKS_SIMULATED = 300_000
"""Over all numbers of agents; with more tasks not every number is tried."""

Planned = Callable[[int], tuple[Schedule, float]]
"""The schedule for so many agents, and its makespan."""


@dataclass(frozen=True, slots=True)
class Point:
    agents: int
    makespan: float


def curve(planned: Planned, *, tasks: int, most: int, floor: float) -> tuple[list[Point], Schedule]:
    """The makespan for 1 … most agents, and the schedule for the most. `floor`: what no number of agents undercuts.

    More agents are never slower: one may stay idle, while a list may get longer by one (Graham 1969).
    """
    points: list[Point] = []
    best: tuple[Schedule, float] | None = None
    for agents in numbers(tasks, most):
        if best is None or (best[1] > floor and agents <= tasks):
            found = planned(agents)
            best = found if best is None or found[1] < best[1] else best
        points.append(Point(agents, best[1]))
    return points, best[0] if best else []


def numbers(tasks: int, most: int) -> list[int]:
    """The numbers of agents that are tried: all, or where that takes too long ever fewer of the large ones."""
    limit = max(8, TASKS_SIMULATED // max(1, tasks))
    if min(most, tasks) <= limit:
        return list(range(1, most + 1))
    step = (most / (limit / 2)) ** (2 / limit)
    spread = {min(most, round(limit / 2 * step**power)) for power in range(limit // 2 + 1)}
    return sorted({*range(1, limit // 2 + 1), *spread, most})


def fewest(points: Sequence[Point]) -> int:
    """The smallest number within 5 % of the best makespan."""
    best = min(point.makespan for point in points)
    return next(point.agents for point in points if point.makespan <= best * CLOSE)
