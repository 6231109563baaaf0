"""The plan of a todo: what a run would do, from its leaves as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

from todos.plan import agents, bounds, conflicts, dispatch, graph, improve, strategy, waves
from todos.plan.claims import Claim
from todos.plan.conflicts import Units
from todos.plan.dispatch import Rules
from todos.plan.improve import Clock, ranks_of
from todos.plan.problem import Problem, Schedule

FOR_THE_SCHEDULE = 0.6
"""The part of the time that goes to the schedule itself; the rest goes to the curve of agents."""


@dataclass(frozen=True, slots=True)
class Task:
    """A leaf. `needs`: keys. `writes`: its lane is execute. `claims`: None when nobody said what it claims."""

    key: str
    seconds: float
    needs: Sequence[str] = ()
    priority: int = 3
    writes: bool = False
    alone: bool = False
    complexity: float = 0.5
    claims: Sequence[Claim] | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and what there is.

    `capacity`: by kind (`database`, `memory`), and by kind and name (`database main`) where it differs. `per_second`:
    calls of an API by its name; under "" of all others.
    """

    strategy: str
    max_agents: int
    capacity: Mapping[str, int]
    per_second: Mapping[str, float]


def plan(tasks: Sequence[Task], wish: Wish, *, clock: Clock, seconds: float) -> dict[str, Any]:
    """The plan as it is answered; see `runs/planning/answers.py`. `seconds`: to improve it; 0: list scheduling alone.

    Raises graph.CycleError, conflicts.TooMany.
    """
    return _Planner(tasks, wish, clock, seconds).answer()


class _Planner:
    def __init__(self, tasks: Sequence[Task], wish: Wish, clock: Clock, seconds: float) -> None:
        self.tasks, self.wish, self.clock = tasks, wish, clock
        self.until, self.seconds = clock() + seconds, seconds
        self.needs = {task.key: list(task.needs) for task in tasks}
        self.claims = {task.key: task.claims or () for task in tasks}
        self.units = conflicts.units(self.claims, self._capacity)
        self.alone = [task.key for task in tasks if task.alone]
        self.choice = strategy.choose(self.needs, self.alone, self.units)
        self.strategy = self.choice.strategy if wish.strategy == "auto" else wish.strategy
        self.priorities = [task.priority for task in tasks]
        calls = conflicts.calls(self.claims)
        self.asked = {name: held for name, held in calls.items() if sum(held.values()) > self._rate(name)}
        self.rules, self.limits = self._rules(), self._limits()

    def _capacity(self, kind: str, name: str) -> int:
        return self.wish.capacity.get(f"{kind} {name}", self.wish.capacity[kind])

    def _rate(self, api: str) -> float:
        return self.wish.per_second.get(api, self.wish.per_second[""])

    def _rules(self) -> Rules:
        """Limiters where they can delay anything, and the order of the lanes under `hybrid`."""
        number = {task.key: at for at, task in enumerate(self.tasks)}
        calls: dict[int, dict[int, int]] = {}
        for limiter, held in enumerate(self.asked.values()):
            for key, amount in held.items():
                calls.setdefault(number[key], {})[limiter] = amount
        hybrid = self.strategy == "hybrid"
        writes = frozenset(at for at, task in enumerate(self.tasks) if hybrid and task.writes)
        return Rules(writes, calls, [self._rate(name) for name in self.asked])

    def _limits(self) -> list[Units[str]]:
        """Under `hybrid` a write of which nobody said what it claims has no other write beside it."""
        writes = [task for task in self.tasks if task.writes]
        if self.strategy != "hybrid" or len(writes) < 2 or all(task.claims is not None for task in writes):
            return self.units
        held = {task.key: len(writes) if task.claims is None else 1 for task in writes}
        return [*self.units, Units("lane", "execute", len(writes), held)]

    def problem(self, max_agents: int) -> Problem:
        number = {task.key: at for at, task in enumerate(self.tasks)}
        demands: list[dict[int, int]] = [{} for _ in self.tasks]
        for kind, limit in enumerate(self.limits):
            for key, units in limit.held.items():
                demands[number[key]][kind] = units
        return Problem(
            durations=[task.seconds for task in self.tasks],
            preds=[[number[need] for need in task.needs] for task in self.tasks],
            agents=max_agents,
            demands=demands if self.limits else (),
            capacity=[limit.capacity for limit in self.limits],
            alone=frozenset(at for at, task in enumerate(self.tasks) if task.alone),
        )

    # ---- the answer ----

    def answer(self) -> dict[str, Any]:
        most = 1 if self.strategy == "sequential" else self.wish.max_agents
        problem = self.problem(most)
        starts = self._solved(problem, self.clock() + self.seconds * FOR_THE_SCHEDULE)
        points, other = self._curve(problem, starts)
        if most > 1 and problem.makespan(other) < problem.makespan(starts):
            starts = other
        work = sum(problem.durations)
        path, span = graph.critical_path(self.needs, {task.key: task.seconds for task in self.tasks}.__getitem__)
        beside = strategy.beside_others(self.needs, self.alone, self.units)
        complexity = sum(task.complexity for task in self.tasks) / max(1, len(self.tasks))
        return {
            "strategy": self.strategy,
            "reason": self._reason(),
            "waves": waves.waves(self.needs, [*self.units, *waves.apart(self.needs, self.alone)]),
            "groups": self._groups(problem, starts),
            "critical_path": path,
            "critical_path_seconds": span,
            "work_seconds": work,
            "conflicts": self._conflicts(),
            "optimal_agents": agents.fewest(points),
            "rule_of_thumb_agents": strategy.agents(beside, complexity),
            "agents_curve": [
                {"agents": point.agents, "makespan_seconds": point.makespan, "speedup": _over(work, point.makespan)}
                for point in points
            ],
            "predicted_makespan_seconds": problem.makespan(starts),
            **self._limits_answer(problem),
            "schedule": self._schedule(problem, starts),
        }

    def _reason(self) -> str:
        if self.wish.strategy == "auto":
            return self.choice.reason
        return f"asked for; auto would be {self.choice.strategy}: {self.choice.reason}"

    def _solved(self, problem: Problem, until: float) -> Schedule:
        first = dispatch.schedule(problem, ranks_of(problem.levels, self.priorities), self.rules)
        return improve.improve(
            problem, first, clock=self.clock, until=until, priorities=self.priorities, rules=self.rules
        )

    def _curve(self, problem: Problem, starts: Schedule) -> tuple[list[agents.Point], Schedule]:
        """Under `sequential` it shows what more agents would give. The time that is left is shared by its points."""
        most = self.wish.max_agents
        tried = agents.numbers(problem, most)
        left = sum(1 for number in tried if number <= problem.size)

        def planned(number: int) -> tuple[Schedule, float]:
            nonlocal left
            if number == problem.agents:
                return starts, problem.makespan(starts)
            one = replace(problem, agents=number)
            now = self.clock()
            found = self._solved(one, now + max(0.0, self.until - now) / max(1, left))
            left -= 1
            return found, one.makespan(found)

        floor = max([problem.critical_seconds, *bounds.resource_loads(problem)])
        return agents.curve(planned, tried, tasks=problem.size, floor=floor)

    def _groups(self, problem: Problem, starts: Schedule) -> list[list[str]]:
        """The batches of the strategy: one each; under `hybrid` what reads together, and each write; else waves.

        What needs one of a batch is not together with it.
        """
        if self.strategy == "parallel":
            return waves.waves(self.needs, [*self.units, *waves.apart(self.needs, self.alone)])
        found: list[list[str]] = []
        together: set[str] = set()  # the last batch, as long as it may grow
        for at in sorted(range(problem.size), key=lambda at: (starts[at], at)):
            key = self.tasks[at].key
            reads = self.strategy == "hybrid" and not self.tasks[at].writes
            if reads and together and together.isdisjoint(self.needs[key]):
                found[-1].append(key)
                together.add(key)
            else:
                found.append([key])
                together = {key} if reads else set()
        return found

    def _conflicts(self) -> list[dict[str, Any]]:
        return [
            {"kind": one.kind, "name": one.name, "keys": one.keys, "writers": one.writers}
            for one in conflicts.between(self.claims, self._capacity)
        ]

    def _limits_answer(self, problem: Problem) -> dict[str, Any]:
        delays = [bounds.delay(held.values(), self._rate(name)) for name, held in self.asked.items()]
        found = bounds.limits(problem, delays)
        named = [{"kind": limit.kind, "name": limit.name} for limit in self.limits]
        named += [{"kind": "api", "name": name} for name in self.asked]
        binding = {
            "amdahl": found.amdahl,
            "work_span": found.work_span,
            "binding": found.binding,
            "resource": None if found.resource is None else named[found.resource],
        }
        return {"limits": binding, "theoretical_speedup": found.work_span}

    def _schedule(self, problem: Problem, starts: Schedule) -> list[dict[str, Any]]:
        agent = seats(problem, starts)
        return [
            {
                "key": self.tasks[at].key,
                "agent": agent[at],
                "start_seconds": float(starts[at]),
                "finish_seconds": float(starts[at] + problem.durations[at]),
            }
            for at in sorted(range(problem.size), key=lambda at: (starts[at], agent[at]))
        ]


def seats(problem: Problem, starts: Schedule) -> list[int]:
    """Which agent does each task, from 1: the lowest that is free."""
    free = list(range(1, (problem.agents or problem.size) + 1))
    heapify(free)
    busy: list[tuple[float, int]] = []
    found = [0] * problem.size
    for at in sorted(range(problem.size), key=lambda at: (starts[at], problem.durations[at] > 0)):
        while busy and busy[0][0] <= starts[at]:
            heappush(free, heappop(busy)[1])
        if not free:  # it takes no time, and all others are busy
            found[at] = 1
            continue
        found[at] = heappop(free)
        heappush(busy, (starts[at] + problem.durations[at], found[at]))
    return found


def _over(work: float, makespan: float) -> float | None:
    return work / makespan if makespan else None
