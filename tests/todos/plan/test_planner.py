"""Whole plans of plain values."""

from itertools import combinations
from random import Random
from typing import Any

import pytest

from tests.todos.plan.problems import random_problem
from todos.plan import dispatch
from todos.plan.claims import Claim
from todos.plan.improve import ranks_of
from todos.plan.planner import Task, Wish, plan, seats
from todos.plan.problem import Problem

THERE = {"database": 10, "memory": 1_000}


def planned(tasks: list[Task], strategy: str = "auto", max_agents: int = 4, steps: int = 20) -> dict[str, Any]:
    """With a clock that goes on by a hundredth of a second each time it is asked."""
    times = iter(range(1_000_000))
    wish = Wish(strategy, max_agents, THERE, {"": 10.0})
    return plan(tasks, wish, clock=lambda: next(times) / 100, seconds=steps / 100)


def random_tasks(seed: int, count: int = 25) -> list[Task]:
    chance = Random(seed)
    return [
        Task(
            key=f"t{at}",
            seconds=chance.randint(1, 9),
            needs=[f"t{chance.randrange(at)}"] if at and chance.random() < 0.5 else [],
            priority=chance.choice([1, 3, 5]) if seed % 2 else 3,
            writes=chance.random() < 0.4,
            alone=chance.random() < 0.05,
            claims=random_claims(chance),
        )
        for at in range(count)
    ]


def random_claims(chance: Random) -> list[Claim] | None:
    kinds = [
        Claim("file", chance.choice(["src/**", "src/a.py", "docs/*"]), chance.choice(["read", "write"])),
        Claim("database", "main", amount=chance.randint(1, 8)),
        Claim("api", "forge", amount=chance.choice([1, 5, 30])),
    ]
    return chance.choice([None, [], chance.sample(kinds, 2)])


def overlapping(schedule: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (one, other)
        for one, other in combinations(schedule, 2)
        if one["start_seconds"] < other["finish_seconds"] and other["start_seconds"] < one["finish_seconds"]
    ]


@pytest.mark.parametrize("strategy", ["auto", "parallel", "hybrid", "sequential"])
@pytest.mark.parametrize("seed", range(12))
def test_a_plan_agrees_with_itself(seed: int, strategy: str) -> None:
    tasks = random_tasks(seed)
    found = planned(tasks, strategy)
    schedule = found["schedule"]
    assert sorted(row["key"] for row in schedule) == sorted(task.key for task in tasks)
    assert max(row["finish_seconds"] for row in schedule) == found["predicted_makespan_seconds"]
    assert found["predicted_makespan_seconds"] >= found["critical_path_seconds"]
    assert found["work_seconds"] / found["predicted_makespan_seconds"] <= found["theoretical_speedup"] + 1e-9
    for view in (found["waves"], found["groups"]):
        assert sorted(key for part in view for key in part) == sorted(task.key for task in tasks)
    makespans = [point["makespan_seconds"] for point in found["agents_curve"]]
    assert makespans == sorted(makespans, reverse=True)
    if found["strategy"] != "sequential":
        assert makespans[-1] == found["predicted_makespan_seconds"]


@pytest.mark.parametrize("strategy", ["parallel", "hybrid"])
@pytest.mark.parametrize("seed", range(12))
def test_nothing_overlaps_that_must_not(seed: int, strategy: str) -> None:
    tasks = random_tasks(seed)
    by_key = {task.key: task for task in tasks}
    found = planned(tasks, strategy)
    ends = {row["key"]: row["finish_seconds"] for row in found["schedule"]}
    starts = {row["key"]: row["start_seconds"] for row in found["schedule"]}
    assert all(ends[need] <= starts[task.key] for task in tasks for need in task.needs)
    apart = {
        frozenset((writer, key))
        for one in found["conflicts"]
        for writer in one["writers"]
        for key in one["keys"]
        if one["kind"] == "file" and key != writer
    }
    for one, other in overlapping(found["schedule"]):
        pair = [by_key[one["key"]], by_key[other["key"]]]
        assert one["agent"] != other["agent"]
        assert frozenset((one["key"], other["key"])) not in apart
        assert not any(task.alone for task in pair)
        held = [claim.amount for task in pair for claim in task.claims or () if claim.kind == "database"]
        assert sum(held) <= THERE["database"]
        if strategy == "hybrid":
            assert pair[0].writes == pair[1].writes
            assert not pair[0].writes or all(task.claims is not None for task in pair)


@pytest.mark.parametrize("seed", range(20))
def test_an_agent_has_one_task_at_a_time(seed: int) -> None:
    problem = random_problem(seed, tasks=30, agents=3)
    starts = dispatch.schedule(problem, ranks_of(problem.levels))
    agent = seats(problem, starts)
    assert set(agent) <= {1, 2, 3}
    for one, other in combinations(range(problem.size), 2):
        if agent[one] == agent[other] and problem.durations[one] and problem.durations[other]:
            first, last = sorted((one, other), key=starts.__getitem__)
            assert starts[first] + problem.durations[first] <= starts[last]


def test_what_takes_no_time_has_a_seat_beside_agents_that_are_all_busy() -> None:
    assert seats(Problem([5, 0], [[], []], agents=1), [0, 0]) == [1, 1]


def test_the_resource_that_binds_is_named_calls_too() -> None:
    calling = [Task(f"t{at}", 0.1, claims=[Claim("api", "forge", amount=50)]) for at in range(3)]
    found = planned(calling, "parallel")
    assert (found["limits"]["binding"], found["limits"]["resource"]) == ("resource", {"kind": "api", "name": "forge"})
    assert found["predicted_makespan_seconds"] == pytest.approx(10.1)
    assert found["theoretical_speedup"] == pytest.approx(0.3 / 10)


def test_the_rule_of_thumb_counts_what_can_run_beside_another() -> None:
    few = [Task(f"t{at}", 1) for at in range(9)]
    many = [Task(f"t{at}", 1) for at in range(10)]
    complex_ones = [Task(f"t{at}", 1, complexity=0.8) for at in range(10)]
    rules = [planned(tasks)["rule_of_thumb_agents"] for tasks in (few[:2], few[:3], few, many, complex_ones)]
    assert rules == [1, 3, 3, 5, 4]


def test_list_scheduling_alone_needs_no_clock_to_go_on() -> None:
    wish = Wish("parallel", 4, THERE, {"": 10.0})
    found = plan([Task("a", 2), Task("b", 3)], wish, clock=lambda: 0.0, seconds=0)
    assert found["predicted_makespan_seconds"] == 3
