"""Moments of recorded runs as JSON lines, and estimates for them: what `manage.py backtest` reads and writes.

A line has `id`, `run`, `now`, `agents`, `done` [[task, seconds]], `done_at` [...], `running` [[task, elapsed]],
`pending` [task] in queue order, `types` and `preds` by task; the first of a run may have `history`: for each earlier
run its [[type, seconds]].
"""

import json
from dataclasses import dataclass
from typing import Any

from runs.engine.estimate import State, estimate
from todos.plan.problem import Problem, Unfit

LONGEST = 1e12
MOST_AGENTS = 10_000


@dataclass(frozen=True, slots=True)
class Observation:
    """One moment of a run of a file."""

    id: Any
    run: Any
    state: State
    history: list[list[tuple[str, float]]] | None


def read(line: str) -> Observation:
    """Raises Unfit, which names the field that is wrong."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unfit("line", f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise Unfit("line", "not an object")
    history = _history(row["history"]) if row.get("history") is not None else None
    return Observation(row.get("id"), row.get("run"), _state(row), history)


def answers(observed: list[Observation]) -> list[dict[str, Any]]:
    """Estimates for one run; what came before it is said by any of its observations."""
    history = next((one.history for one in observed if one.history), [])
    return [answer(one, history) for one in observed]


def answer(observed: Observation, history: list[list[tuple[str, float]]]) -> dict[str, Any]:
    state = observed.state
    found = estimate(
        State(
            now=state.now,
            agents=state.agents,
            kinds=state.kinds,
            preds=state.preds,
            done=state.done,
            running=state.running,
            queue=state.queue,
            order=state.order,
            history=history,
        )
    )
    return {"id": observed.id, "eta": found.eta, "lo": found.low, "hi": found.high}


def _state(row: dict[str, Any]) -> State:
    kinds = [str(kind) for kind in _list(row, "types")]
    size = len(kinds)
    preds = [_tasks(each, "preds", size) for each in _list(row, "preds")]
    if len(preds) != size:
        raise Unfit("preds", f"{len(preds)} of them, and {size} types")
    done, running = (dict(_pair(each, field, size) for each in _list(row, field)) for field in ("done", "running"))
    queue = _tasks(row.get("pending"), "pending", size)
    if sorted([*done, *running, *queue]) != list(range(size)):
        raise Unfit("pending", "each task is needed once, in done, running or pending")
    _ = Problem([1.0] * size, preds, None, [], []).order  # a cycle is refused here
    now = _number(row.get("now"), "now")
    ends = [_number(each, "done_at") for each in row.get("done_at") or []]
    starts = {task: end - took for (task, took), end in zip(done.items(), ends)}
    starts |= {task: now - elapsed for task, elapsed in running.items()}
    order = sorted([*done, *running], key=lambda task: starts.get(task, 0.0))
    return State(now, _agents(row.get("agents")), kinds, preds, done, running, queue, [*order, *queue])


# ---- fields ----


def _list(row: dict[str, Any], field: str) -> list[Any]:
    found = row.get(field)
    if not isinstance(found, list):
        raise Unfit(field, "a list is needed")
    return found


def _number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise Unfit(field, f"{value!r:.40} is no number of seconds from 0 to {LONGEST:.0e}")
    return float(value)


def _agents(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_AGENTS:
        raise Unfit("agents", f"{value!r:.40} is no whole number from 1 to {MOST_AGENTS}")
    return value


def _task(value: Any, field: str, size: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < size:
        raise Unfit(field, f"{value!r:.40} is no task")
    return value


def _tasks(value: Any, field: str, size: int) -> list[int]:
    if not isinstance(value, list):
        raise Unfit(field, "a list of tasks is needed")
    return [_task(each, field, size) for each in value]


def _pair(value: Any, field: str, size: int) -> tuple[int, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Unfit(field, "pairs of a task and its seconds are needed")
    return _task(value[0], field, size), _number(value[1], field)


def _history(value: Any) -> list[list[tuple[str, float]]]:
    if not isinstance(value, list) or not all(isinstance(run, list) for run in value):
        raise Unfit("history", "a list of runs is needed")
    return [[_earlier(each) for each in run] for run in value]


def _earlier(value: Any) -> tuple[str, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Unfit("history", "pairs of a type and its seconds are needed")
    return str(value[0]), _number(value[1], "history")
