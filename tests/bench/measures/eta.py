"""How long an estimate of when a run is over takes: 100, 400 and 10,000 tasks, with dependencies and without; what
estimating costs a run; and how long a run takes as a file."""

from collections.abc import Iterator
from functools import partial
from time import perf_counter

import numpy as np

from runs.engine.estimate import State, estimate
from tests.bench.lines import Line, Sample, at_most
from tests.bench.sitting import Sitting, sample

NAME = "eta"
ALLOWED = {100: 0.1, 400: 0.1, 10_000: 1.0}  # seconds
TASKS = 10_000
FILES = {"trace": 2.0, "report, JSON": 4.0, "report, HTML": 2.0, "report, CSV": 2.0, "badge": 0.1, "Insight page": 2.0}


def measure(sitting: Sitting) -> Iterator[Line]:
    yield from _estimates(sitting)
    product = partial(sitting.run, "product", "no-ops", "--tasks", TASKS)
    found = sitting.in_turn({"with": product, "without": partial(product, "--unestimated")})
    ours, theirs = (sample(found[name], "cpu_seconds") for name in ("with", "without"))
    what = f"{TASKS:,} no-op subtasks: CPU of the server"
    yield Line(NAME, what, "s", ours, "not estimated", theirs, at_most(1.1, 1.03))
    files = sitting.in_turn({"files": partial(sitting.run, "files")})["files"]
    for name, allowed in FILES.items():
        ours = sample(files, lambda one, name=name: one[name]["seconds"])  # type: ignore[misc]
        yield Line(NAME, f"{TASKS:,} subtasks: {name}", "s", ours, "allowed", Sample([allowed]), at_most(1.0, 0.5))


def _estimates(sitting: Sitting) -> Iterator[Line]:
    for size, allowed in ALLOWED.items():
        for linked in (False, True):
            state = _state(size, linked)
            estimate(state)
            sample = Sample([_seconds(state) for _ in range(sitting.rounds)])
            what = f"{size:,} tasks{', with dependencies' if linked else ''}"
            yield Line(NAME, what, "s", sample, "allowed", Sample([allowed]), at_most(1.0, 0.5))


def _seconds(state: State) -> float:
    began = perf_counter()
    estimate(state)
    return perf_counter() - began


def _state(size: int, linked: bool) -> State:
    """A tenth is done, eight agents are at it, three earlier runs are known."""
    chance = np.random.default_rng(1)
    kinds = [f"kind-{task % 12}" for task in range(size)]
    preds = [
        sorted({int(pred) for pred in chance.integers(max(0, task - 200), task, 2)}) if linked and task >= 8 else []
        for task in range(size)
    ]
    done = size // 10
    return State(
        now=100.0,
        agents=8,
        kinds=kinds,
        preds=preds,
        done={task: 5.0 + task % 7 for task in range(done)},
        running=dict.fromkeys(range(done, done + 8), 1.0),
        queue=range(done + 8, size),
        order=range(size),
        history=[[(kind, 6.0) for kind in kinds[:2000]]] * 3,
    )
