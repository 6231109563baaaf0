"""What free agents would do: time goes from one end of a task to the next, and what is ready and fits starts at once.

This is list scheduling (Graham 1969), the way a run is carried out: the ready task of the lowest rank goes first; one
whose resources are taken is passed over until they are given back; one that must be alone holds up what ranks below it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from todos.plan.problem import Problem, Schedule

Ranks = Sequence[Any]
"""Of one comparable kind: numbers, or tuples."""


@dataclass(frozen=True)
class Rules:
    """What holds beside the problem.

    writes: tasks that start only while nothing that reads is ready or running (`hybrid`).
    calls: how many calls of each limiter a task makes when it starts; `per_second`: how many each limiter allows.
    """

    writes: frozenset[int] = frozenset()
    calls: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    per_second: Sequence[float] = ()

    def __bool__(self) -> bool:
        return bool(self.writes or self.calls)


NO_RULES = Rules()


def schedule(problem: Problem, ranks: Ranks, rules: Rules = NO_RULES) -> Schedule:
    """When each task starts."""
    return _Dispatch(problem, ranks, rules).run()


class _Dispatch:
    """`ready` are tasks to be looked at, those that read and those that write; `parked` is what lacks a resource,
    `delayed` what its limiters do not let go yet. Tasks that lack the same, or make the same calls, stand in a line:
    only the first of them is looked at again when there is more of it.
    """

    def __init__(self, problem: Problem, ranks: Ranks, rules: Rules) -> None:
        self._problem = problem
        self._demands = problem.demands or [{}] * problem.size
        self._ranks = ranks
        self._rules = rules
        self._starts: Schedule = [0] * problem.size
        self._unmet = [len(preds) for preds in problem.preds]
        self._agents = problem.agents or max(1, problem.size)
        self._free = list(problem.capacity)
        self._running: list[tuple[float, int]] = []
        self._solo = False
        self._ready: tuple[list[tuple[Any, int]], ...] = ([], [])
        self._unstarted = [0, 0]  # ready tasks, also those that are parked or delayed
        self._busy = [0, 0]
        self._parked: dict[int, set[Any]] = {}
        self._lines: dict[Any, list[tuple[Any, int]]] = {}
        self._delayed: list[tuple[float, Any]] = []
        self._callers: dict[Any, list[tuple[Any, int]]] = {}
        self._timed: set[Any] = set()
        self._buckets = [Bucket(rate) for rate in rules.per_second]
        for task, unmet in enumerate(self._unmet):
            if not unmet:
                self._arrive(task)

    def run(self) -> Schedule:
        self._start(0)
        while self._running or self._delayed:
            now = min(heap[0][0] for heap in (self._running, self._delayed) if heap)
            while self._running and self._running[0][0] <= now:
                self._end(heappop(self._running)[1])
            while self._delayed and self._delayed[0][0] <= now:
                line = heappop(self._delayed)[1]
                self._timed.discard(line)
                self._call(line)
            self._start(now)
        return self._starts

    def _arrive(self, task: int) -> None:
        self._unstarted[task in self._rules.writes] += 1
        self._line_up(task)

    def _line_up(self, task: int) -> None:
        heappush(self._ready[task in self._rules.writes], (self._ranks[task], task))

    def _end(self, task: int) -> None:
        self._busy[task in self._rules.writes] -= 1
        self._solo = False
        for kind, units in self._demands[task].items():
            self._free[kind] += units
            for line in self._parked.pop(kind, ()):
                self._unpark(line)
        for succ in self._problem.succs[task]:
            self._unmet[succ] -= 1
            if not self._unmet[succ]:
                self._arrive(succ)

    def _start(self, now: float) -> None:
        side = self._side()
        if side is None:
            return
        heap = self._ready[side]
        while heap and not self._solo and len(self._running) < self._agents:
            entry = heap[0]
            task = entry[1]
            if task in self._problem.alone and self._running:
                return
            heappop(heap)
            if (lacking := self._lacking(task)) is not None:
                self._park(entry, lacking)
            elif (later := self._called(task, now)) > now:
                self._delay(entry, later)
            else:
                self._begin(task, side, now)

    def _side(self) -> int | None:
        """Whose turn it is: what reads (0), what writes (1), nobody's (None) while reading waits for a write to end."""
        if self._unstarted[0]:
            return None if self._busy[1] else 0
        return 0 if self._busy[0] else 1

    def _park(self, entry: tuple[Any, int], lacking: int) -> None:
        line = tuple(self._demands[entry[1]].items())
        heappush(self._lines.setdefault(line, []), entry)
        self._parked.setdefault(lacking, set()).add(line)
        self._call(self._calls(entry[1]))

    def _delay(self, entry: tuple[Any, int], later: float) -> None:
        """The first of its line to be delayed is the one whose time comes; the rest follow it one by one."""
        line = self._calls(entry[1])
        waiting = self._callers.setdefault(line, [])
        heappush(waiting, entry)
        if line not in self._timed:
            self._timed.add(line)
            heappush(self._delayed, (later, line))

    def _call(self, line: Any) -> None:
        """The first in that line may try again."""
        if self._callers.get(line):
            entry = heappop(self._callers[line])
            heappush(self._ready[entry[1] in self._rules.writes], entry)

    def _calls(self, task: int) -> Any:
        return tuple(self._rules.calls.get(task, {}).items())

    def _lacking(self, task: int) -> int | None:
        """A resource of which too little is free."""
        free = self._free
        return next((kind for kind, units in self._demands[task].items() if free[kind] < units), None)

    def _called(self, task: int, now: float) -> float:
        """When its limiters let it go; at once when they have been asked by now."""
        calls = self._rules.calls.get(task)
        if not calls:
            return now
        later = max(self._buckets[limiter].when(amount, now) for limiter, amount in calls.items())
        if later <= now:
            for limiter, amount in calls.items():
                self._buckets[limiter].take(amount, now)
        return later

    def _begin(self, task: int, side: int, now: float) -> None:
        for kind, units in self._demands[task].items():
            self._free[kind] -= units
        self._starts[task] = now
        self._unstarted[side] -= 1
        self._busy[side] += 1
        self._solo = task in self._problem.alone
        heappush(self._running, (now + self._problem.durations[task], task))
        if self._lines:
            self._unpark(tuple(self._demands[task].items()))
        if self._callers:
            self._call(self._calls(task))

    def _unpark(self, line: Any) -> None:
        waiting = self._lines.get(line)
        if waiting:
            entry = heappop(waiting)
            heappush(self._ready[entry[1] in self._rules.writes], entry)
            if not waiting:
                del self._lines[line]


class Bucket:
    """A token bucket: so many calls a second, as many at once, full at the start. What needs more than it holds waits
    until it is full, and leaves a debt.
    """

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._left = per_second
        self._at: float = 0

    def when(self, amount: float, now: float) -> float:
        """The moment from `now` on when so many can be taken."""
        missing = min(amount, self._rate) - self._at_hand(now)
        return now if missing <= 1e-9 else now + missing / self._rate

    def take(self, amount: float, now: float) -> None:
        self._left, self._at = self._at_hand(now) - amount, now

    def _at_hand(self, now: float) -> float:
        return min(self._rate, self._left + (now - self._at) * self._rate)
