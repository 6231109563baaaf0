"""A scheduling problem as numbers: tasks that take time, follow each other, and need agents and resources.

Tasks are 0 … n-1. Times are seconds from the start: all integers when the durations are, so that nothing is lost to
rounding. Resources are renewable: units held while a task runs, given back when it ends. Agents are one more resource
of which each task takes one unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

Schedule = list[float]
"""When each task starts."""


class Unfit(ValueError):
    """A problem nobody can solve; the message says why, `field` which part of it is wrong."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


@dataclass(frozen=True)
class Problem:
    """`preds`: what each task follows. `agents`: None for as many as there are tasks. `demands`: the units that
    a task holds of each resource it needs; `capacity`: how many there are. `alone`: tasks beside which nothing runs.
    """

    durations: Sequence[float]
    preds: Sequence[Sequence[int]]
    agents: int | None = None
    demands: Sequence[Mapping[int, int]] = ()
    capacity: Sequence[int] = ()
    alone: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        return len(self.durations)

    @cached_property
    def succs(self) -> list[list[int]]:
        """What follows each task."""
        found: list[list[int]] = [[] for _ in self.durations]
        for task, preds in enumerate(self.preds):
            for pred in preds:
                found[pred].append(task)
        return found

    @cached_property
    def order(self) -> list[int]:
        """The tasks, each after all it follows. Raises Unfit when there is no such order."""
        unmet = [len(preds) for preds in self.preds]
        found = [task for task, count in enumerate(unmet) if not count]
        for task in found:
            for succ in self.succs[task]:
                unmet[succ] -= 1
                if not unmet[succ]:
                    found.append(succ)
        if len(found) < self.size:
            raise Unfit("preds", "a cycle")
        return found

    @cached_property
    def packed(self) -> "Packed":
        return pack(self)

    @cached_property
    def tails(self) -> list[float]:
        """For each task the longest chain of work after its end."""
        found: list[float] = [0] * self.size
        for task in reversed(self.order):
            found[task] = max((self.durations[succ] + found[succ] for succ in self.succs[task]), default=0)
        return found

    @cached_property
    def heads(self) -> list[float]:
        """For each task the longest chain of work before its start."""
        found: list[float] = [0] * self.size
        for task in self.order:
            found[task] = max((self.durations[pred] + found[pred] for pred in self.preds[task]), default=0)
        return found

    @cached_property
    def levels(self) -> list[float]:
        """For each task its b-level: the longest chain of work from its start to the end."""
        return [seconds + tail for seconds, tail in zip(self.durations, self.tails)]

    @cached_property
    def critical_seconds(self) -> float:
        return max(self.levels, default=0)

    @cached_property
    def reverse(self) -> "Problem":
        """The same problem with time running backwards."""
        return replace(self, preds=self.succs)

    def makespan(self, starts: Schedule) -> float:
        return max((at + seconds for at, seconds in zip(starts, self.durations)), default=0)


@dataclass(frozen=True, slots=True)
class Packed:
    """What tasks need, as one integer each: a field for every resource, with a guard bit above it.

    Of two such integers `free` and `need` the difference keeps all its guard bits exactly when no field of `need` is
    greater: one subtraction compares all resources at once.
    """

    needs: list[int]
    full: int
    guard: int


def pack(problem: Problem) -> Packed:
    agents = problem.agents or max(1, problem.size)
    capacity = [agents, *problem.capacity]
    shifts, at = [], 0
    for units in capacity:
        shifts.append(at)
        at += units.bit_length() + 1
    guard = sum(1 << shift + units.bit_length() for shift, units in zip(shifts, capacity))
    full = guard + sum(units << shift for shift, units in zip(shifts, capacity))
    needs = [agents if task in problem.alone else 1 for task in range(problem.size)]
    for task, demand in enumerate(problem.demands):
        needs[task] += sum(units << shifts[kind + 1] for kind, units in demand.items())
    return Packed(needs, full, guard)
