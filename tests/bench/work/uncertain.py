"""Graphs of tasks whose durations are estimated, and off: what each takes is known only to whoever carries it out."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from runs.planning import problems
from todos.plan.dispatch import schedule
from todos.plan.problem import Problem

AGENTS = 4
GRAPHS = 40
TASKS = 50
UNIT_SECONDS = 0.05
LONGEST = 14  # units of a made-up task; the shortest has one
SIGMA = 0.7  # of the logarithm of actual over estimated
SEED = 11


@dataclass(frozen=True, slots=True)
class Graph:
    """`estimated` is what the dispatcher knows and ranks by, `actual` what the work takes."""

    estimated: Problem
    actual: Problem

    def listed_seconds(self) -> float:
        """The makespan that the dispatcher's own rule comes to when nothing but the work takes any time."""
        ranks = [(-level, task) for task, level in enumerate(self.estimated.levels)]
        return self.actual.makespan(schedule(self.actual, ranks))


def graphs(path: Path | None = None) -> list[Graph]:
    """Made up, half in layers and half at random; or of a file with problems that name as many agents and no
    resources, spread over all of them."""
    if path is None:
        return [_off(at, _layered(at) if at % 2 else _random(at)) for at in range(GRAPHS)]
    fitting = [problem for problem in _read(path) if problem.agents == AGENTS and not problem.capacity]
    return [_off(at, fitting[at * len(fitting) // GRAPHS]) for at in range(min(GRAPHS, len(fitting)))]


def _off(at: int, units: Problem) -> Graph:
    chance = random.Random(f"off {SEED} {at}")
    estimated = [UNIT_SECONDS * duration for duration in units.durations]
    actual = [seconds * chance.lognormvariate(0, SIGMA) for seconds in estimated]
    return Graph(Problem(estimated, units.preds, AGENTS), Problem(actual, units.preds, AGENTS))


def _random(at: int) -> Problem:
    """Each task needs each one before it with the same small chance."""
    chance = random.Random(f"random {SEED} {at}")
    likely = chance.choice([0.02, 0.05, 0.1, 0.2])
    preds = [[before for before in range(task) if chance.random() < likely] for task in range(TASKS)]
    return Problem(_durations(chance), preds, AGENTS)


def _layered(at: int) -> Problem:
    """Layers of different widths; each task needs up to three of the layer before."""
    chance = random.Random(f"layered {SEED} {at}")
    ends = [0, *accumulate(chance.randint(2, 12) for _ in range(TASKS))]
    layers = [range(begin, min(end, TASKS)) for begin, end in pairwise(ends) if begin < TASKS]
    preds: list[list[int]] = [[] for _ in layers[0]]
    for before, layer in pairwise(layers):
        preds += [sorted(chance.sample(before, chance.randint(1, min(3, len(before))))) for _ in layer]
    return Problem(_durations(chance), preds, AGENTS)


def _durations(chance: random.Random) -> list[int]:
    return [chance.randint(1, LONGEST) for _ in range(TASKS)]


def _read(path: Path) -> Iterator[Problem]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if str(row.get("set", "")).startswith("stg"):
                yield problems.read(line).problem
