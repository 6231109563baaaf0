"""What parallel work gained: what cannot be known honestly is None."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.speedup import Slowdown, Speedup, Spread, Work, expected_alone, measure, slowdown, spread


def measured(**changed: Any) -> Speedup:
    facts: dict[str, Any] = {
        "work_seconds": 40.0,
        "elapsed_seconds": 10.0,
        "completed": 4,
        "limit": 5.0,
        "max_agents": 4,
        "strategy": "parallel",
    }
    return measure(**(facts | changed))


def test_speedup_is_the_work_that_was_done_over_the_time_that_passed() -> None:
    assert measured() == Speedup(4.0, 5.0, 80.0, "parallel pays")


def test_nothing_is_claimed_before_the_first_subtask_is_done() -> None:
    assert measured(completed=0, work_seconds=0.0) == Speedup(None, 5.0, None, None)


def test_nothing_is_claimed_while_no_time_has_passed() -> None:
    assert measured(elapsed_seconds=0.0) == Speedup(None, 5.0, None, None)
    assert measured(elapsed_seconds=-1.0).speedup is None


def test_where_the_limit_of_the_plan_was_beaten_the_number_of_agents_is_one() -> None:
    beaten = measured(limit=3.9, max_agents=5)
    assert (beaten.speedup, beaten.limit, beaten.efficiency_percent) == (4.0, 5.0, 80.0)
    assert measured(limit=0.9, work_seconds=10.0, max_agents=4, strategy="sequential").limit == 1.0


def test_only_a_baseline_can_be_beyond_the_number_of_agents_and_then_there_is_no_limit() -> None:
    beaten = measured(baseline_seconds=51.0)
    assert (beaten.against_baseline, beaten.limit, beaten.efficiency_percent) == (5.1, None, None)
    assert measured(baseline_seconds=51.0, max_agents=6).limit == 6.0


def test_a_limit_just_reached_is_full_efficiency() -> None:
    assert measured(limit=4.0).efficiency_percent == 100.0


def test_without_a_limit_there_is_no_efficiency() -> None:
    assert measured(limit=None).efficiency_percent is None


@pytest.mark.parametrize(("completed", "verdict"), [(1, None), (2, None), (3, "parallel pays")])
def test_the_verdict_waits_for_three_finished_subtasks(completed: int, verdict: str | None) -> None:
    assert measured(completed=completed).verdict == verdict


@pytest.mark.parametrize(("work", "verdict"), [(10.9, "parallel does not pay"), (11.0, "parallel pays")])
def test_parallel_pays_from_a_tenth_on(work: float, verdict: str) -> None:
    assert measured(work_seconds=work).verdict == verdict


def test_what_a_sequential_run_took_counts_for_more_than_an_estimate() -> None:
    beaten = measured(baseline_seconds=9.0)
    assert (beaten.speedup, beaten.against_baseline, beaten.verdict) == (4.0, 0.9, "parallel does not pay")
    assert measured(work_seconds=10.0, baseline_seconds=20.0).verdict == "parallel pays"


def test_who_asked_for_one_at_a_time_gets_no_verdict_on_parallel_work() -> None:
    assert measured(max_agents=1).verdict is None
    assert measured(strategy="sequential").verdict is None


def test_work_of_which_earlier_runs_tell_counts_as_they_say_and_the_rest_as_measured() -> None:
    assert expected_alone(30.0, 20.0, 16.0) == Work(26.0, 20 / 30)
    assert expected_alone(30.0, 0.0, 0.0) == Work(30.0, 0.0)
    assert expected_alone(30.0, 30.0, 12.0) == Work(12.0, 1.0)


def test_work_is_never_expected_to_take_longer_than_it_was_measured_to_take() -> None:
    assert expected_alone(30.0, 20.0, 200.0) == Work(30.0, 20 / 30)


def test_of_no_work_nothing_is_known() -> None:
    assert expected_alone(0.0, 0.0, 0.0) == Work(0.0, None)


seconds = st.floats(0, 1e6)
ONE_AGENT_AFTER_THE_OTHER = st.lists(st.tuples(seconds, st.one_of(st.none(), seconds)), max_size=30)


@given(done=ONE_AGENT_AFTER_THE_OTHER, agents=st.integers(1, 9))
def test_the_speedup_is_never_higher_than_the_agents_were_busy(
    done: list[tuple[float, float | None]], agents: int
) -> None:
    """Subtasks as (seconds here, seconds of one agent before), dealt to agents in turn."""
    lanes = [sum(took for took, _ in done[at::agents]) for at in range(agents)]
    known = [(took, usual) for took, usual in done if usual is not None]
    work = expected_alone(sum(took for took, _ in done), sum(took for took, _ in known), sum(u for _, u in known))
    assert 0 <= work.seconds <= agents * max(lanes) * (1 + 1e-9)
    assert work.known is None or 0 <= work.known <= 1
    if not known and work.known is not None:
        assert work.seconds == pytest.approx(sum(lanes))


def test_a_spread_is_the_middle_and_what_19_of_20_stay_below() -> None:
    assert spread([float(number) for number in range(1, 101)]) == Spread(50.5, 95.0)
    assert spread([3.0]) == Spread(3.0, 3.0)
    assert spread([]) is None


def test_a_slowdown_is_told_of_three_at_least() -> None:
    assert slowdown([(2, 1), (2, 1)]) is None
    assert slowdown([(2, 1), (2, 1), (5, 0)]) is None
    assert slowdown([(2, 1), (3, 2), (1, 1)]) == Slowdown(1.5, 3)


@pytest.mark.parametrize(("ratio", "slower"), [(1.15, False), (1.16, True)])
def test_agents_slow_each_other_down_above_15_percent(ratio: float, slower: bool) -> None:
    assert Slowdown(ratio, 3).slower is slower
