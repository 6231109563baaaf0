"""What no schedule can beat, and what that says about speedup.

Amdahl (1967) gives the least speedup of greedy agents for a serial fraction f = critical path / work, Brent (1974) and
Graham (1969) the most: no schedule is shorter than its longest chain, than the work shared by all agents, or than what
its busiest resource has to do.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from todos.plan import graph
from todos.plan.problem import Problem

Node = TypeVar("Node", bound=Hashable)

PAIRS_UP_TO = 150
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """Speedups against one agent. `amdahl` is null where a resource is claimed, for it holds without resources only.
    `binding` names what sets the upper limit: `critical_path`, `agents`, or `resource` with its number.
    """

    amdahl: float | None
    work_span: float | None
    binding: str
    resource: int | None = None


def limits(problem: Problem, more: Iterable[float] = ()) -> Limits:
    """`more`: the least seconds that further resources (limiters) need."""
    work = sum(problem.durations)
    span = problem.critical_seconds
    agents = problem.agents or max(1, problem.size)
    loads = [*resource_loads(problem), *more]
    busiest = max(range(len(loads)), key=loads.__getitem__, default=None)
    floors = {"critical_path": span, "agents": agent_load(problem)}
    if busiest is not None:
        floors["resource"] = loads[busiest]
    binding = max(floors, key=lambda name: floors[name])
    least = floors[binding]
    return Limits(
        amdahl=None if loads or not work else amdahl(span / work, agents),
        work_span=work / least if least else None,
        binding=binding,
        resource=busiest if binding == "resource" else None,
    )


def delay(calls: Collection[float], per_second: float) -> float:
    """The seconds until the last of them can be made: a limiter is full at the start, and the last may leave a debt."""
    debt = max(0.0, max(calls) - per_second)
    return max(0.0, (sum(calls) - debt) / per_second - 1)


def amdahl(serial: float, agents: int) -> float:
    """The speedup when a part of the work (0 to 1) uses one agent and the rest all of them."""
    return 1 / (serial + (1 - serial) / agents)


def agent_load(problem: Problem) -> float:
    """The seconds that all agents need when none is ever idle; what must be alone keeps them all."""
    agents = problem.agents or max(1, problem.size)
    alone = sum(problem.durations[task] for task in problem.alone)
    return alone + (sum(problem.durations) - alone) / agents


def behind_barriers(
    needs: graph.Graph[Node],
    seconds: Mapping[Node, float],
    phases: Mapping[Node, int | None],
    *,
    agents: int,
    patience: float,
) -> float:
    """The seconds that phases need one after the other: each its own longest chain, or its work shared by all agents.

    A barrier lasts `patience` seconds from the first end in its phase: the next phase may begin beside the rest of it.
    """
    least = begins = 0.0
    for phase in sorted({phase for phase in phases.values() if phase is not None}):
        within = {node for node in needs if phases[node] == phase}
        chain = graph.remaining_paths({node: within.intersection(needs[node]) for node in within}, seconds.__getitem__)
        long = max(*chain.values(), sum(seconds[node] for node in within) / agents)
        least = max(least, begins + long)
        begins += min(long, min(seconds[node] for node in within) + patience)
    return least


def resource_loads(problem: Problem) -> list[float]:
    """The seconds that each resource is needed, were it fully used all the time."""
    found = [0.0] * len(problem.capacity)
    for task, demand in enumerate(problem.demands):
        for kind, units in demand.items():
            found[kind] += problem.durations[task] * units
    return [load / units for load, units in zip(found, problem.capacity)]


def lower_bound(problem: Problem) -> float:
    """A makespan that no schedule undercuts; rounded up where all durations are integers."""
    found = max([problem.critical_seconds, agent_load(problem), *resource_loads(problem)])
    if problem.size <= PAIRS_UP_TO:
        agents = problem.agents or max(1, problem.size)
        crew = {task: agents if task in problem.alone else 1 for task in range(problem.size)}
        found = max(found, _between(problem, crew, agents))
        for kind, capacity in enumerate(problem.capacity):
            units = {task: demand[kind] for task, demand in enumerate(problem.demands) if kind in demand}
            found = max(found, _between(problem, units, capacity))
    whole = all(isinstance(seconds, int) for seconds in problem.durations)
    return ceil(found - ROUNDING) if whole else found


def _between(problem: Problem, units: Mapping[int, int], capacity: int) -> float:
    """Tasks that share a resource start after the shortest of their heads and are followed by the shortest of their
    tails: tried for the tasks above any head and any tail.
    """
    heads, tails = problem.heads, problem.tails
    users = sorted(units, key=heads.__getitem__, reverse=True)
    best: float = 0
    for tail in {tails[task] for task in users}:
        load: float = 0
        for task in users:
            if tails[task] >= tail:
                load += units[task] * problem.durations[task]
                best = max(best, heads[task] + load / capacity + tail)
    return best
