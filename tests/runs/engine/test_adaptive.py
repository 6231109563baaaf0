"""How many agents a run takes when they slow each other down: examples, and whole runs on models of a machine."""

import heapq
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.engine.adaptive import FEWEST, SLOW, Pace, Step, decide

NARROWED = Step(4, 3, 2.0, "")
SLOWLY = [1.5] * FEWEST
WELL = [1.0] * FEWEST


def test_agents_that_slow_each_other_down_become_one_fewer() -> None:
    assert decide(Pace(4, 4, SLOWLY)) == Step(4, 3, 1.5, "they slow each other down")


def test_nothing_is_done_before_enough_has_ended() -> None:
    assert decide(Pace(4, 4, SLOWLY[:-1])) is None


def test_those_that_take_as_long_as_alone_are_left_alone() -> None:
    assert decide(Pace(4, 4, WELL)) is None
    assert decide(Pace(4, 4, [SLOW] * 99)) is None


def test_one_slow_subtask_says_nothing() -> None:
    assert decide(Pace(4, 4, [1.0, 9.0, 1.0, 1.0, 1.0])) is None


def test_there_is_always_one() -> None:
    assert decide(Pace(1, 4, [9.0] * FEWEST, steps=3, last=Step(2, 1, 18.0, ""))) is None


def test_they_become_one_more_when_it_has_passed_and_never_more_than_were_asked_for() -> None:
    assert decide(Pace(3, 4, WELL, 1, NARROWED)) is None
    more = decide(Pace(3, 4, WELL * 2, 1, NARROWED))
    assert more is not None and (more.to, more.kind) == (4, "agents_widened")
    assert decide(Pace(4, 4, WELL * 99, 2, more)) is None


def test_a_step_that_did_not_help_is_taken_back() -> None:
    """Four were 1.5 times slower: 2.67 at work. Three that are just as slow do 2."""
    back = decide(Pace(3, 4, SLOWLY, 1, Step(4, 3, 1.5, "")))
    assert back == Step(3, 4, 1.5, "fewer got less done")
    assert decide(Pace(4, 4, SLOWLY, 2, back)) is None


def test_only_a_step_that_was_called_for_is_said_to_be_one() -> None:
    assert (NARROWED.kind, Step(3, 4, 1.0, "").kind) == ("agents_narrowed", "agents_widened")


# ---- whole runs ----

Machine = Callable[[int], float]  # how many times slower so many agents at once are than one


def shared(processors: int) -> Machine:
    return lambda agents: max(1.0, agents / processors)


def thrashing(processors: int) -> Machine:
    """Beyond its processors each agent also costs the others a fifth."""
    return lambda agents: max(1.0, agents / processors) * (1 + 0.2 * max(0, agents - processors))


def play(machine: Machine, tasks: list[float], asked: int, *, adaptive: bool) -> tuple[float, list[int]]:
    """Seconds until all is done, and how many agents were taken after each step."""
    agents, now = asked, 0.0
    steps: list[int] = []
    last: Step | None = None
    slowdowns: list[float] = []
    waiting, busy = list(reversed(tasks)), list[tuple[float, float, float, int]]()
    while waiting or busy:
        while waiting and len(busy) < agents:
            left = waiting.pop()
            heapq.heappush(busy, (left, left, now, len(steps)))
        speed = 1 / machine(len(busy))
        first = busy[0][0]
        now += first / speed
        busy = [(left - first, whole, since, step) for left, whole, since, step in busy]
        heapq.heapify(busy)
        while busy and busy[0][0] <= 1e-9:
            _, whole, since, step = heapq.heappop(busy)
            if step == len(steps):
                slowdowns.append((now - since) / whole)
        change = decide(Pace(agents, asked, slowdowns, len(steps), last)) if adaptive else None
        if change:
            agents, last, slowdowns = change.to, change, []
            steps.append(agents)
    return now, steps


works = st.lists(st.floats(0.5, 20.0), min_size=1, max_size=120)


@given(works, st.integers(2, 8))
@settings(max_examples=60)
def test_independent_work_is_never_narrowed(tasks: list[float], asked: int) -> None:
    assert play(lambda agents: 1.0, tasks, asked, adaptive=True)[1] == []


@given(st.integers(40, 120), st.integers(2, 8))
@settings(max_examples=40)
def test_work_that_shares_two_processors_takes_no_longer_for_being_narrowed(count: int, asked: int) -> None:
    tasks = [5.0 + at % 3 for at in range(count)]
    plain, _ = play(shared(2), tasks, asked, adaptive=False)
    narrowed, steps = play(shared(2), tasks, asked, adaptive=True)
    assert narrowed <= 1.03 * plain
    assert all(2 <= agents <= asked for agents in steps)


@pytest.mark.parametrize("asked", [4, 6, 8])
def test_work_that_wears_the_machine_down_takes_less_time_when_it_is_narrowed(asked: int) -> None:
    tasks = [5.0] * 200
    plain, _ = play(thrashing(2), tasks, asked, adaptive=False)
    narrowed, steps = play(thrashing(2), tasks, asked, adaptive=True)
    assert narrowed < 0.85 * plain
    assert 2 in steps


def test_a_machine_that_others_load_is_not_left_to_them() -> None:
    """With somebody else on one of two processors, one agent alone gets less done than two: that step is taken back."""
    loaded = {1: 1.0, 2: 1.5, 3: 2.0, 4: 2.5}
    plain, _ = play(loaded.__getitem__, [5.0] * 200, 4, adaptive=False)
    narrowed, _ = play(loaded.__getitem__, [5.0] * 200, 4, adaptive=True)
    assert narrowed <= 1.15 * plain
