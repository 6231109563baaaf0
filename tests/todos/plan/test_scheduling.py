"""Schedules: valid whatever the problem, never longer than lists, never shorter than the bounds, often optimal."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.todos.plan.problems import assert_valid, optimum, random_problem
from todos.plan import agents, bounds, dispatch, improve, serial
from todos.plan.dispatch import Bucket, Rules
from todos.plan.problem import Problem, Unfit

KINDS: list[dict[str, object]] = [
    {},
    {"agents": None},
    {"agents": 1},
    {"resources": 2},
    {"resources": 3, "agents": None},
    {"alone": True},
    {"resources": 1, "alone": True, "agents": 4},
]


def ticks(step: float = 1.0) -> Callable[[], float]:
    """A clock that goes on by a step whenever it is asked: so many steps of a search, the same each time."""
    times: Iterator[int] = count()
    return lambda: next(times) * step


def listed(problem: Problem, rules: Rules = dispatch.NO_RULES) -> list[float]:
    return dispatch.schedule(problem, improve.ranks_of(problem.levels), rules)


@pytest.mark.parametrize("kind", KINDS)
def test_every_schedule_is_valid_and_within_the_bounds(kind: dict[str, object]) -> None:
    for seed in range(60):
        problem = random_problem(seed, **kind)  # type: ignore[arg-type]
        least = bounds.lower_bound(problem)
        for starts in (
            listed(problem),
            serial.schedule(problem, problem.order),
            improve.solve(problem, clock=ticks(), seconds=30),
        ):
            assert_valid(problem, starts)
            assert problem.makespan(starts) >= least - 1e-9, seed


@pytest.mark.parametrize("kind", KINDS)
def test_search_is_never_longer_than_the_list(kind: dict[str, object]) -> None:
    for seed in range(60):
        problem = random_problem(seed, tasks=15, **kind)  # type: ignore[arg-type]
        found = improve.solve(problem, clock=ticks(), seconds=30)
        assert problem.makespan(found) <= problem.makespan(listed(problem)), seed


@pytest.mark.parametrize("kind", [{"agents": 2}, {"resources": 2, "agents": None}, {"alone": True, "agents": 2}])
def test_search_finds_the_optimum_of_small_problems(kind: dict[str, object]) -> None:
    for seed in range(12):
        problem = random_problem(seed, tasks=6, **kind)  # type: ignore[arg-type]
        found = improve.solve(problem, clock=ticks(), seconds=100)
        best = optimum(problem)
        assert problem.makespan(found) == best, seed
        assert bounds.lower_bound(problem) <= best, seed


def test_the_same_seed_gives_the_same_schedule() -> None:
    problem = random_problem(3, tasks=40, resources=3)
    found = [improve.solve(problem, clock=ticks(), seconds=50, seed=5) for _ in "12"]
    assert found[0] == found[1]


def test_search_stops_when_the_time_is_up_and_at_the_lower_bound() -> None:
    asked = []

    def clock() -> float:
        asked.append(1)
        return float(len(asked))

    improve.solve(random_problem(3, tasks=40, resources=3, agents=None), clock=clock, seconds=10)
    assert len(asked) == 11
    asked.clear()
    improve.solve(Problem([3, 2], [[], [0]]), clock=clock, seconds=10)  # a chain: its list is optimal
    assert len(asked) == 1


def test_a_schedule_of_nothing_is_empty() -> None:
    assert improve.solve(Problem([], []), clock=ticks(), seconds=5) == []


def test_a_cycle_is_refused() -> None:
    with pytest.raises(Unfit, match="preds: a cycle"):
        improve.solve(Problem([1, 1], [[1], [0]]), clock=ticks(), seconds=5)


def test_a_list_takes_the_longest_way_first_and_priorities_before_it() -> None:
    problem = Problem([1, 9, 5], [[], [], []], agents=1)
    assert dispatch.schedule(problem, improve.ranks_of(problem.levels)) == [14, 0, 9]
    assert dispatch.schedule(problem, improve.ranks_of(problem.levels, [1, 3, 2])) == [0, 6, 1]


def test_one_that_lacks_a_resource_is_passed_over() -> None:
    problem = Problem([5, 4, 1], [[], [], []], 2, [{0: 1}, {0: 1}, {}], [1])
    assert listed(problem) == [0, 5, 0]


# ---- limiters and lanes ----


def test_a_limiter_lets_as_many_go_at_once_as_in_a_second_and_then_one_after_the_other() -> None:
    problem = Problem([0.01] * 6, [[]] * 6, agents=6)
    starts = listed(problem, Rules(calls={task: {0: 1} for task in range(6)}, per_second=[2]))
    assert sorted(starts) == pytest.approx([0, 0, 0.5, 1, 1.5, 2])


def test_one_that_calls_more_than_the_limiter_holds_waits_until_it_is_full_and_leaves_a_debt() -> None:
    problem = Problem([0.01, 0.01, 0.01], [[], [], []], agents=3)
    starts = dispatch.schedule(problem, [0, 1, 2], Rules(calls={0: {0: 6}, 1: {0: 1}}, per_second=[2]))
    assert starts == pytest.approx([0, 2.5, 0])


def test_callers_that_also_lack_a_resource_hold_nobody_up() -> None:
    problem = Problem([1, 1, 1, 10], [[]] * 4, 4, [{}, {0: 1}, {}, {0: 1}], [1])
    starts = dispatch.schedule(problem, range(4), Rules(calls={task: {0: 1} for task in range(3)}, per_second=[1]))
    assert starts == pytest.approx([0, 10, 1, 0])


@pytest.mark.parametrize("seed", range(40))
def test_no_limiter_is_ever_overdrawn_and_everything_starts(seed: int) -> None:
    problem = random_problem(seed, tasks=30, resources=1, agents=4)
    calls = {task: {task % 2: 1 + task % 3} for task in range(0, 30, 2)} | {5: {0: 1, 1: 2}}
    starts = listed(problem, Rules(calls=calls, per_second=[3, 4]))
    assert_valid(problem, starts)
    for limiter, rate in enumerate([3, 4]):
        taken = sorted((starts[task], made[limiter]) for task, made in calls.items() if limiter in made)
        for first, (began, _) in enumerate(taken):
            for last in range(first, len(taken)):
                made_since = sum(amount for _, amount in taken[first : last + 1])
                assert made_since <= rate * (1 + taken[last][0] - began) + 1e-6


def test_a_bucket_fills_up_to_what_a_second_brings() -> None:
    bucket = Bucket(4)
    bucket.take(4, 0)
    assert (bucket.when(1, 0), bucket.when(1, 9)) == (0.25, 9)
    assert bucket.when(5, 9) == 9  # never more than it holds


def test_writes_start_when_nothing_that_reads_is_ready_or_running() -> None:
    problem = Problem([2, 3, 1, 1], [[], [], [], [2]], agents=4)
    starts = dispatch.schedule(problem, [0, 1, 2, 3], Rules(writes=frozenset({2})))
    assert starts == [0, 0, 3, 4]


# ---- bounds and agents ----


@pytest.mark.parametrize(
    ("problem", "binding", "most"),
    [
        (Problem([4, 4, 2], [[], [0], []], agents=4), "critical_path", 10 / 8),
        (Problem([4, 4, 4], [[], [], []], agents=2), "agents", 2),
        (Problem([4, 4, 4], [[], [], []], 3, [{0: 2}, {0: 2}, {}], [2]), "resource", 12 / 8),
    ],
)
def test_the_limit_that_binds_is_named(problem: Problem, binding: str, most: float) -> None:
    found = bounds.limits(problem)
    assert found.binding == binding
    assert found.work_span == pytest.approx(most)


def test_amdahl_is_not_said_where_resources_are_claimed() -> None:
    assert bounds.limits(Problem([4, 4], [[], []], 2, [{0: 1}, {}], [1])).amdahl is None
    assert bounds.limits(Problem([4, 4], [[], []], 2)).amdahl == pytest.approx(1 / (0.5 + 0.5 / 2))


def test_the_least_speedup_is_reached_by_every_list() -> None:
    for seed in range(100):
        problem = random_problem(seed, agents=3)
        least = bounds.limits(problem).amdahl
        assert least is not None
        assert sum(problem.durations) / problem.makespan(listed(problem)) >= least - 1e-9, seed


@pytest.mark.parametrize(
    ("agents", "patience", "least"),
    [
        (9, 60, 4 + 6 + 3),  # the longest chain of each phase
        (1, 60, 8 + 7 + 3),  # all of the work that has a phase
        (2, 60, 4 + 6 + 3),
        (9, 0, 4 + 6),  # each begins as soon as the first of the one before has ended
        (9, 3, 4 + 1 + 3 + 3),
    ],
)
def test_phases_one_after_the_other_need_the_sum_of_what_each_needs(agents: int, patience: float, least: float) -> None:
    needs: dict[str, list[str]] = {"a": [], "b": [], "c": ["a"], "d": ["c"], "e": [], "f": ["d"], "free": ["a"]}
    seconds = {"a": 4.0, "b": 4.0, "c": 1.0, "d": 5.0, "e": 1.0, "f": 3.0, "free": 50.0}
    phases = {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2, "f": 3, "free": None}
    found = bounds.behind_barriers(needs, seconds, phases, agents=agents, patience=patience)
    assert found == least


def test_no_time_at_all_has_no_speedup() -> None:
    found = bounds.limits(Problem([0, 0], [[], []], 2))
    assert (found.amdahl, found.work_span) == (None, None)


def points(*makespans: float) -> list[agents.Point]:
    return [agents.Point(at, makespan) for at, makespan in enumerate(makespans, 1)]


def test_as_few_agents_as_come_within_a_twentieth_of_the_best_are_advised() -> None:
    assert agents.fewest(points(100, 52, 50, 50)) == 2
    assert agents.fewest(points(100, 53, 50, 50)) == 3


def test_the_curve_never_rises_and_stops_planning_at_the_floor() -> None:
    lengths = {1: 10.0, 2: 6.0, 3: 7.0, 4: 5.0}
    planned = []

    def plan(number: int) -> tuple[list[float], float]:
        planned.append(number)
        return [float(number)], lengths[number]

    found, best = agents.curve(plan, range(1, 7), tasks=9, floor=5)
    assert [point.makespan for point in found] == [10, 6, 6, 5, 5, 5]
    assert (planned, best) == ([1, 2, 3, 4], [4.0])


def test_of_large_problems_some_numbers_are_left_out_but_the_first_and_the_last() -> None:
    large = Problem([1] * 10_000, [[]] * 10_000)
    found = agents.numbers(large, 1_000)
    assert (found[:10], found[-1]) == (list(range(1, 11)), 1_000)
    assert found == sorted(set(found)) and len(found) <= 22
    assert agents.numbers(Problem([1] * 50, [[]] * 50), 1_000) == list(range(1, 1_001))
