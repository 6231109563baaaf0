"""Scheduling problems for tests: random ones, an independent check of a schedule, and the optimum of small ones."""

from itertools import permutations
from random import Random

from todos.plan import serial
from todos.plan.problem import Problem, Schedule


def random_problem(
    seed: int, *, tasks: int = 12, agents: int | None = 3, resources: int = 0, alone: bool = False
) -> Problem:
    chance = Random(seed)
    preds = [sorted({chance.randrange(at) for _ in range(chance.randrange(3))}) if at else [] for at in range(tasks)]
    demands = [{kind: chance.randint(1, 3) for kind in range(resources) if chance.random() < 0.6} for _ in preds]
    return Problem(
        durations=[chance.randint(0 if chance.random() < 0.1 else 1, 9) for _ in preds],
        preds=preds,
        agents=agents,
        demands=demands if resources else (),
        capacity=[chance.randint(3, 4) for _ in range(resources)],
        alone=frozenset({chance.randrange(tasks)}) if alone else frozenset(),
    )


def assert_valid(problem: Problem, starts: Schedule) -> None:
    """Order, agents, resources and what must be alone, looked at whenever a task starts."""
    ends = [at + seconds for at, seconds in zip(starts, problem.durations)]
    assert len(starts) == problem.size and min(starts, default=0) >= 0
    for task, preds in enumerate(problem.preds):
        assert all(ends[pred] <= starts[task] for pred in preds), f"{task} starts too early"
    for now in set(starts):
        running = [task for task in range(problem.size) if starts[task] <= now < ends[task]]
        assert len(running) <= (problem.agents or problem.size), f"too many at {now}"
        assert len(running) == 1 or not problem.alone.intersection(running), f"not alone at {now}"
        for kind, capacity in enumerate(problem.capacity):
            assert sum(problem.demands[task].get(kind, 0) for task in running) <= capacity, f"resource at {now}"


def optimum(problem: Problem) -> float:
    """Of all orders: some serial schedule is optimal. For a handful of tasks."""
    orders = (
        order
        for order in permutations(range(problem.size))
        if all(order.index(pred) < order.index(task) for task, preds in enumerate(problem.preds) for pred in preds)
    )
    return min(problem.makespan(serial.schedule(problem, order)) for order in orders)
