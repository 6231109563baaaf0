"""The optional extra: OR-tools CP-SAT takes over from the best schedule the search has found.

It is not among the packages the server needs: `pip install -r requirements/solver.txt` adds it.
"""

from math import ceil
from typing import Any

from todos.plan import serial
from todos.plan.bounds import ROUNDING, lower_bound
from todos.plan.problem import Problem, Schedule

try:
    from ortools.sat.python import cp_model
except ImportError:
    cp_model = None

STEPS = 100_000
"""Into how many steps of time a schedule is cut when its durations are not whole numbers."""
LEAST_SECONDS = 0.02


def available() -> bool:
    return cp_model is not None


def close(problem: Problem, best: Schedule, *, seconds: float, workers: int = 1) -> Schedule:
    """A schedule that is not longer than `best`. Needs the extra; see `available`."""
    least = lower_bound(problem)
    makespan = problem.makespan(best)
    if makespan <= least + ROUNDING or seconds < LEAST_SECONDS:
        return best
    step = _step(problem, makespan)
    durations = [ceil(each / step - ROUNDING) for each in problem.durations]
    model = _Model(problem, durations, [int(each / step) for each in best])
    places = model.solve(ceil(least / step - ROUNDING), seconds, workers)
    if places is None:
        return best
    order = sorted(problem.order, key=places.__getitem__)
    found = serial.schedule(problem, order)
    return found if problem.makespan(found) < makespan else best


def _step(problem: Problem, makespan: float) -> float:
    whole = all(isinstance(each, int) for each in problem.durations)
    return 1 if whole else makespan / STEPS


class _Model:
    """The problem in whole steps of time, for CP-SAT."""

    def __init__(self, problem: Problem, durations: list[int], hint: list[int]) -> None:
        self._problem = problem
        self._durations = durations
        self._model: Any = cp_model.CpModel()
        self._horizon = max((at + long for at, long in zip(hint, durations)), default=0) + problem.size
        self._starts = [self._model.new_int_var(0, self._horizon - long, "") for long in durations]
        self._intervals = [
            self._model.new_fixed_size_interval_var(start, long, "") for start, long in zip(self._starts, durations)
        ]
        for start, at in zip(self._starts, hint):
            self._model.add_hint(start, at)
        for task, preds in enumerate(problem.preds):
            for pred in preds:
                self._model.add(self._starts[task] >= self._starts[pred] + durations[pred])
        self._add_resources()

    def _add_resources(self) -> None:
        problem = self._problem
        if problem.agents is not None or problem.alone:
            agents = problem.agents or problem.size
            crew = [agents if task in problem.alone else 1 for task in range(problem.size)]
            self._model.add_cumulative(self._intervals, crew, agents)
        for kind, capacity in enumerate(problem.capacity):
            users = [task for task, demand in enumerate(problem.demands) if kind in demand]
            if users:
                intervals = [self._intervals[task] for task in users]
                self._model.add_cumulative(intervals, [problem.demands[task][kind] for task in users], capacity)

    def solve(self, least: int, seconds: float, workers: int) -> list[int] | None:
        """The starts of the best schedule; None when none was found in time."""
        end = self._model.new_int_var(least, self._horizon, "")
        for start, long in zip(self._starts, self._durations):
            self._model.add(end >= start + long)
        self._model.minimize(end)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = workers
        solver.parameters.linearization_level = 0  # its linear relaxation says little here, and takes most of the time
        solver.parameters.random_seed = 1
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return [solver.value(start) for start in self._starts]
