"""What of a run cannot go on side by side."""

import numpy as np

from runs.engine.estimate import Stage, State, simulate
from runs.engine.estimate.stages import Rules, Waiting, stages


def rules(strategy: str = "parallel", *, barriers: bool = False, **lanes: int) -> Rules:
    return Rules(strategy, 4, barriers, lanes)


def test_each_phase_behind_barriers_is_a_stage_and_what_has_none_begins_at_once() -> None:
    queue = [Waiting(0, 2), Waiting(1, 1), Waiting(2), Waiting(3, 1)]
    assert stages(queue, rules(barriers=True)) == [Stage([1, 2, 3], 4), Stage([0], 4)]


def test_what_runs_alone_comes_one_at_a_time() -> None:
    queue = [Waiting(0, alone=True), Waiting(1), Waiting(2, alone=True)]
    assert stages(queue, rules()) == [Stage([1], 4), Stage([0, 2], 1)]


def test_under_hybrid_changes_follow_what_reads_one_at_a_time_unless_declared() -> None:
    queue = [Waiting(0, lane="execute"), Waiting(1), Waiting(2, lane="execute", declared=True)]
    assert stages(queue, rules("hybrid")) == [Stage([1], 4), Stage([0, 2], 1)]
    declared = [Waiting(0, lane="execute", declared=True), Waiting(1)]
    assert stages(declared, rules("hybrid")) == [Stage([1], 4), Stage([0], 4)]


def test_a_sequential_run_is_one_agent_and_a_lane_is_as_wide_as_it_may_be() -> None:
    queue = [Waiting(0), Waiting(1)]
    assert stages(queue, rules("sequential")) == [Stage([0, 1], 1)]
    assert stages(queue, rules(query=2)) == [Stage([0, 1], 2)]
    assert stages([*queue, Waiting(2, lane="execute")], rules(query=2)) == [Stage([0, 1, 2], 4)]


def test_stages_take_as_long_as_one_after_the_other() -> None:
    """Two are running (3 s and 1 s); then 2 and 2 side by side, then 5 alone."""
    state = State(
        now=0.0,
        agents=2,
        kinds=["a"] * 5,
        preds=[[], [], [], [], [2]],
        done={},
        running={0: 0.0, 1: 0.0},
        queue=[2, 3, 4],
        order=range(5),
        stages=[Stage([2, 3], 2), Stage([4], 1)],
    )
    left = np.array([[3.0, 1.0, 2.0, 2.0, 5.0]])
    assert simulate.through(state, left).tolist() == [5.0 + 5.0]
