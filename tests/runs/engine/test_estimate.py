"""When a run is over, from what can be seen of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.engine import estimate as estimating
from runs.engine.estimate import Estimate, State, Turn, band, estimate, simulate
from runs.engine.estimate.line import above
from runs.engine.estimate.simulate import finish


def moment(
    done: dict[int, float] | None = None,
    running: dict[int, float] | None = None,
    *,
    size: int = 12,
    agents: int = 3,
    kinds: list[str] | None = None,
    preds: list[list[int]] | None = None,
    history: list[list[tuple[str, float]]] | None = None,
) -> State:
    done, running = done or {}, running or {}
    queue = [task for task in range(size) if task not in done and task not in running]
    return State(
        now=max([0.0, *done.values(), *running.values()]),
        agents=agents,
        kinds=kinds or ["build"] * size,
        preds=preds or [[] for _ in range(size)],
        done=done,
        running=running,
        queue=queue,
        order=[*done, *running, *queue],
        history=history or [],
    )


EARLIER = [[("build", seconds) for seconds in (9.0, 10.0, 10.0, 11.0)] for _ in range(4)]

states = st.builds(
    lambda durations, elapsed, size, agents, known: moment(
        dict(enumerate(durations)),
        {len(durations) + at: each for at, each in enumerate(elapsed[:agents])},
        size=len(durations) + len(elapsed) + size,
        agents=agents,
        history=EARLIER if known else None,
    ),
    st.lists(st.floats(0.0, 1e5), max_size=6),
    st.lists(st.floats(0.0, 1e5), max_size=4),
    st.integers(0, 10),
    st.integers(1, 5),
    st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(states)
def test_the_band_holds_the_median_and_nothing_ends_in_the_past(state: State) -> None:
    found = estimate(state)
    assert 0 <= found.low <= found.eta <= found.high < np.inf


def test_the_same_state_gives_the_same_answer() -> None:
    state = moment({0: 8.0, 1: 12.0}, {2: 3.0}, history=EARLIER)
    assert estimate(state) == estimate(state)


def test_what_always_took_ten_seconds_takes_ten_seconds() -> None:
    found = estimate(moment(size=30, agents=3, history=EARLIER))
    assert found.eta == pytest.approx(100, rel=0.1)
    assert found.low > 70 and found.high < 130


def test_a_chain_is_as_long_as_its_links_together() -> None:
    chain = [[task - 1] if task else [] for task in range(12)]
    found = estimate(moment(size=12, agents=4, preds=chain, history=EARLIER))
    assert found.eta == pytest.approx(120, rel=0.1)


@settings(max_examples=15, deadline=None)
@given(states)
def test_more_agents_are_never_later(state: State) -> None:
    more = estimate(replace(state, agents=state.agents + 2))
    fewer = estimate(state)
    assert more.eta <= fewer.eta * 1.05 + 1e-6


def test_a_run_that_is_over_has_nothing_left() -> None:
    assert estimate(moment(dict.fromkeys(range(12), 5.0))).eta == 0


def test_a_task_that_is_overdue_goes_on_for_a_while() -> None:
    last = moment(dict.fromkeys(range(11), 10.0), {11: 500.0}, history=EARLIER)
    found = estimate(last)
    assert 0 < found.eta < 500


def test_a_task_is_stopped_at_its_limit() -> None:
    last = moment(dict.fromkeys(range(11), 10.0), {11: 500.0}, history=EARLIER)
    assert estimate(replace(last, limits={11: 501.0})).high <= 1 + 1e-6


def test_a_run_twice_as_slow_as_before_is_expected_to_stay_so() -> None:
    slow = moment({task: 20.0 + task / 10 for task in range(12)}, size=24, agents=1, history=EARLIER)
    assert estimate(slow).eta > 1.5 * 120


def test_one_earlier_run_that_was_far_off_says_little_of_this_one() -> None:
    kinds = [f"k{at}" for at in range(30)]
    alike = [[(kind, 10.0 + at % 5 + run / 5) for at, kind in enumerate(kinds)] for run in range(5)]
    odd = [[(kind, 8.0 * (10.0 + at % 5)) for at, kind in enumerate(kinds)]]
    without, beside = (estimate(moment(size=30, kinds=kinds, history=each)) for each in (alike, alike + odd))
    assert beside.eta == pytest.approx(without.eta, rel=0.1)
    assert _width(beside) < 1.5 * _width(without)


def _width(found: Estimate) -> float:
    return (found.high - found.low) / found.eta


def test_a_run_whose_own_are_further_apart_than_before_has_a_wider_band() -> None:
    kinds = [f"k{at}" for at in range(21)]
    history = [[(kind, 10.0 + 3 * run) for kind in kinds] for run in range(4)]
    usual = {at: 10.0 + at % 9 for at in range(20)}
    wild = {at: (3.0, 48.0)[at % 2] for at in range(20)}
    calm, wide = (estimate(moment(done, size=21, kinds=kinds, history=history)) for done in (usual, wild))
    assert _width(wide) > 1.2 * _width(calm)


def test_with_a_history_too_the_band_goes_no_further_than_the_run_again() -> None:
    state = moment(size=2, agents=2, history=[[("build", 1.0)] * 5 + [("build", 500.0)]] * 4)
    plain, usual = estimating.plain(state)
    assert band.stretched(plain, usual).high > 10 * plain.eta
    assert estimate(state).high == pytest.approx(2 * plain.eta)


def test_it_is_early_while_the_band_is_wider_than_the_whole_run() -> None:
    assert Estimate(10, 2, 30).early(elapsed=5)
    assert not Estimate(10, 8, 15).early(elapsed=5)
    assert estimate(moment({}, {0: 1.0}, size=40)).early(elapsed=1.0)
    assert not estimate(moment(size=30, history=EARLIER)).early(elapsed=1.0)


def test_what_is_known_to_be_above_the_mean_is_expected_above_that() -> None:
    mean, variance = above(0.0, 1.0, 0.0)
    assert mean == pytest.approx(0.798, abs=1e-3)
    assert variance == pytest.approx(0.363, abs=1e-3)
    assert above(0.0, 1.0, 9.0)[0] > 9


def test_simulations_are_carried_out_as_the_dispatcher_would() -> None:
    """Two agents; 3 follows 0, 4 follows 1 and 2: written out by hand."""
    state = moment(size=5, agents=2, preds=[[], [], [], [0], [1, 2]])
    left = np.array([[4.0, 1.0, 2.0, 1.0, 5.0], [1.0, 5.0, 1.0, 1.0, 1.0]])
    assert finish(state, left).tolist() == [8.0, 6.0]


def test_a_task_whose_dependency_is_running_waits_for_it() -> None:
    state = moment(running={0: 2.0}, size=3, agents=2, preds=[[], [0], []])
    assert finish(state, np.array([[3.0, 4.0, 5.0]])).tolist() == [7.0]


def test_graphs_and_lists_are_simulated_alike() -> None:
    chance = np.random.default_rng(3)
    left = chance.exponential(size=(50, 20))
    flat = moment(running={0: 1.0, 1: 2.0}, size=20, agents=4)
    graph = replace(flat, preds=[[], *([0] for _ in range(1)), *([] for _ in range(17)), [1]])
    late = left.copy()
    assert (finish(graph, late) >= finish(flat, left) - 1e-9).mean() > 0.8
    same = replace(flat, done={20: 1.0}, preds=[*([] for _ in range(19)), [20]])
    assert finish(same, left) == pytest.approx(finish(flat, left))


def test_very_many_tasks_end_about_when_few_at_a_time_would_say(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(5)
    preds = [[] if task < 40 else [task - 40] for task in range(200)]
    state = moment(running={0: 1.0}, size=200, agents=4, preds=preds)
    left = chance.exponential(size=(100, 200))
    exact = np.median(finish(state, left))
    monkeypatch.setattr(simulate, "MANY", 10)
    assert np.median(finish(state, left)) == pytest.approx(exact, rel=0.1)


def test_a_band_that_was_too_narrow_is_made_as_wide_as_it_had_to_be() -> None:
    narrow = [(Estimate(100, 90, 110), 100.0 + off) for off in range(-20, 21)]
    factors = band.learned(narrow)
    assert factors is not None
    wide = band.stretched(Estimate(100, 90, 110), factors)
    inside = sum(wide.low <= took <= wide.high for _, took in narrow)
    assert 0.78 <= inside / len(narrow) <= 0.9


def test_nothing_is_learned_from_too_few() -> None:
    assert band.learned([(Estimate(100, 90, 110), 100.0)] * 19) is None


def test_early_in_a_run_of_unknown_kinds_the_band_goes_no_further_than_the_run_again() -> None:
    state = moment()
    found = estimate(state)
    plain, usual = estimating.plain(state)
    assert band.stretched(plain, usual).high > found.high
    assert found.high == pytest.approx(found.eta + state.now + found.eta)
    assert estimate(state, usual).high > found.high


# ---- what is claimed ----


def test_what_claims_the_same_comes_one_after_the_other() -> None:
    """Four tasks with a seat for each; two of them, and the one that has five seconds left, hold all of something."""
    state = replace(moment(running={0: 5.0}, size=4, agents=4), turns=[Turn(1, {0: 1, 1: 1, 2: 1})])
    left = np.array([[5.0, 10.0, 10.0, 10.0], [5.0, 1.0, 1.0, 10.0]])
    assert finish(state, left).tolist() == [25.0, 10.0]


def test_two_that_hold_half_of_it_each_go_on_side_by_side() -> None:
    state = replace(moment(size=4, agents=4), turns=[Turn(10, dict.fromkeys(range(4), 5))])
    assert finish(state, np.full((1, 4), 10.0)).tolist() == [20.0]


def test_turns_come_on_top_of_what_goes_before_and_after_them() -> None:
    """A first task, three that take turns, and one that needs them all."""
    preds = [[], [0], [0], [0], [1, 2, 3]]
    state = replace(moment(size=5, agents=4, preds=preds), turns=[Turn(1, {1: 1, 2: 1, 3: 1})])
    assert finish(state, np.full((2, 5), 10.0)).tolist() == [50.0, 50.0]


def test_of_many_tasks_that_take_turns_fewer_schedules_are_made() -> None:
    state = replace(moment(size=1_200, agents=4), turns=[Turn(1, dict.fromkeys(range(600), 1))])
    found = finish(state, np.tile(np.arange(1.0, 201.0)[:, None], (1, 1_200)))
    assert (len(found), len(set(found.tolist()))) == (200, simulate.FEWEST)
