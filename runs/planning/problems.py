"""Scheduling problems as JSON lines, and their answers: what `manage.py plan` reads and writes."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.planning import solver
from todos.plan.improve import solve
from todos.plan.problem import Problem, Schedule, Unfit

SECONDS = 0.9
"""What planning one problem may take; the last try may go over it by its own length."""
SOLVER_SECONDS = 1.3
"""The same with the solver."""
BEFORE_SOLVER = 0.4
"""The part of it that is spent on the schedule that the solver starts from."""
LONGEST = 1e12
"""Seconds of a task."""


@dataclass(frozen=True, slots=True)
class Named:
    """A problem of a file. `group` and `name` tell it apart, and are given back with the answer."""

    group: Any
    name: Any
    problem: Problem


def read(line: str) -> Named:
    """Raises Unfit, which names the field that is wrong."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unfit("line", f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise Unfit("line", "not an object")
    durations, preds = _list(row, "durations"), _list(row, "preds")
    capacity = _list(row, "capacity") if row.get("capacity") else []
    demands = _list(row, "demands") if capacity else []
    problem = Problem(
        durations=[_number(each) for each in durations],
        preds=[_preds(each, task, len(durations)) for task, each in enumerate(preds)],
        agents=_agents(row.get("agents")),
        demands=[_demand(each, capacity) for each in demands],
        capacity=[_units(each, "capacity", least=0) for each in capacity],
    )
    for field, found in (("preds", preds), ("demands", demands)):
        if len(found) != len(durations) and (capacity or field == "preds"):
            raise Unfit(field, f"{len(found)} of them, and {len(durations)} durations")
    _ = problem.order  # a cycle is refused here
    return Named(row.get("set"), row.get("name"), problem)


def answer(named: Named, *, seconds: float = SECONDS, with_solver: bool = False, workers: int = 1) -> dict[str, Any]:
    """The plan of a problem. With the solver, what the search left open is closed by it as far as time allows."""
    began = time.perf_counter()
    until = began + seconds
    problem = named.problem
    share = seconds * BEFORE_SOLVER if with_solver else seconds
    starts = solve(problem, clock=time.perf_counter, seconds=share)
    if with_solver:
        starts = solver.close(problem, starts, seconds=until - time.perf_counter(), workers=workers)
    return {
        "set": named.group,
        "name": named.name,
        "agents": problem.agents,
        "start": _plain(starts),
        "plan_seconds": time.perf_counter() - began,
    }


def _plain(starts: Schedule) -> list[float]:
    return list(starts)


# ---- fields ----


def _list(row: Mapping[str, Any], field: str) -> list[Any]:
    found = row.get(field)
    if not isinstance(found, list):
        raise Unfit(field, "a list is needed")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise Unfit("durations", f"{value!r:.40} is no number of seconds from 0 to {LONGEST:.0e}")
    return value


def _units(value: Any, field: str, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Unfit(field, f"{value!r} is no whole number from {least}")
    return value


def _agents(value: Any) -> int | None:
    return None if value is None else _units(value, "agents", least=1)


def _preds(value: Any, task: int, size: int) -> list[int]:
    if not isinstance(value, list):
        raise Unfit("preds", f"task {task} has no list")
    for pred in value:
        if _units(pred, "preds", least=0) >= size:
            raise Unfit("preds", f"task {task} follows {pred}, which is not there")
    return list(value)


def _demand(value: Any, capacity: list[Any]) -> dict[int, int]:
    if not isinstance(value, list) or len(value) != len(capacity):
        raise Unfit("demands", "each task needs a number for every resource")
    found = {kind: _units(units, "demands", least=0) for kind, units in enumerate(value)}
    for kind, units in found.items():
        if units > _units(capacity[kind], "capacity", least=0):
            raise Unfit("demands", f"{units} units of resource {kind}, of which there are {capacity[kind]}")
    return {kind: units for kind, units in found.items() if units}
