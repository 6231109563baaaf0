"""How many agents are worth having: the makespan for each number of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from todos.plan.problem import Problem, Schedule

CLOSE = 1.05
EFFORT = 200_000
"""What is spent on the curve: tasks, dependencies and claims over all numbers of agents. Where that is not enough for
all numbers, some are left out.
"""
LEAST_NUMBERS = 8

Planned = Callable[[int], tuple[Schedule, float]]
"""The schedule for so many agents, and its makespan."""


@dataclass(frozen=True, slots=True)
class Point:
    agents: int
    makespan: float


def curve(planned: Planned, tried: Sequence[int], *, tasks: int, floor: float) -> tuple[list[Point], Schedule]:
    """The makespan for each number of agents, rising, and the schedule for the most. `floor`: what none undercuts.

    More agents are never slower: one may stay idle, while a list may get longer by one (Graham 1969).
    """
    points: list[Point] = []
    best: tuple[Schedule, float] | None = None
    for agents in tried:
        if best is None or (best[1] > floor and agents <= tasks):
            found = planned(agents)
            best = found if best is None or found[1] < best[1] else best
        points.append(Point(agents, best[1]))
    return points, best[0] if best else []


def numbers(problem: Problem, most: int) -> list[int]:
    """The numbers of agents that are tried: all, or where that takes too long ever fewer of the large ones."""
    effort = problem.size + sum(map(len, problem.preds)) + 2 * sum(map(len, problem.demands))
    limit = max(LEAST_NUMBERS, EFFORT // max(1, effort))
    if min(most, problem.size) <= limit:
        return list(range(1, most + 1))
    step = (most / (limit / 2)) ** (2 / limit)
    spread = {min(most, round(limit / 2 * step**power)) for power in range(limit // 2 + 1)}
    return sorted({*range(1, limit // 2 + 1), *spread, most})


def fewest(points: Sequence[Point]) -> int:
    """The smallest number within 5 % of the best makespan."""
    best = min(point.makespan for point in points)
    return next(point.agents for point in points if point.makespan <= best * CLOSE)
