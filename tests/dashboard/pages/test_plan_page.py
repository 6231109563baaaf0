"""Plans as pictures and words: what is drawn is what was planned."""

import pytest

from dashboard.pages import plan_page, plan_pictures
from dashboard.pages.plan_pictures import NARROW, ROWS, TICKS, curve, gantt, ticks
from runs.planning.answers import CurvePoint, PlanAnswer, Planned


def planned(key: str, agent: int, start: float, finish: float) -> Planned:
    return {"key": key, "agent": agent, "start_seconds": start, "finish_seconds": finish}


def point(agents: int, seconds: float) -> CurvePoint:
    return {"agents": agents, "makespan_seconds": seconds, "speedup": None}


def answer(**changed: object) -> PlanAnswer:
    found = {
        "strategy": "parallel",
        "reason": "all can",
        "waves": [["a", "b"]],
        "groups": [["a", "b"]],
        "critical_path": ["a"],
        "critical_path_seconds": 10.0,
        "work_seconds": 16.0,
        "conflicts": [],
        "optimal_agents": 2,
        "rule_of_thumb_agents": 1,
        "agents_curve": [point(1, 16.0), point(2, 10.0)],
        "predicted_makespan_seconds": 10.0,
        "limits": {"amdahl": 1.2, "work_span": 1.6, "binding": "critical_path", "resource": None},
        "theoretical_speedup": 1.6,
        "schedule": [planned("a", 1, 0, 10), planned("b", 2, 0, 6)],
    }
    return found | changed  # type: ignore[return-value]


@pytest.mark.parametrize("seconds", [0.0004, 0.7, 3, 59, 61, 1_000, 86_000, 4e6, 1e12])
def test_ticks_are_few_round_and_within_the_time(seconds: float) -> None:
    found = ticks(seconds)
    assert found[0] == 0 and len(found) in range(2, TICKS + 1)
    assert found[-1] <= seconds
    assert seconds - found[-1] < found[1]


def test_ticks_of_no_time_are_one() -> None:
    assert ticks(0) == [0.0]


def test_a_curve_goes_down_as_the_time_does_and_marks_what_was_chosen() -> None:
    found = curve([point(1, 100), point(2, 50), point(4, 40)], 4, 30)
    assert [one.agents for one in found.points if one.chosen] == [4]
    assert found.points[0].y < found.points[1].y < found.points[2].y < found.least_y
    assert found.points[1].x - found.points[0].x < found.points[2].x - found.points[1].x
    assert found.words == "Predicted time against agents: 1 agent 1 min 40 s, 2 agents 50 s, 4 agents 40 s"


def test_a_curve_of_many_numbers_names_few_of_them() -> None:
    found = curve([point(agents, 100 / agents) for agents in range(1, 101)], 100, 1)
    assert sum(one.label for one in found.points) <= plan_pictures.LABELLED + 1
    assert found.points[-1].label


def test_bars_stand_where_and_as_long_as_they_are_planned() -> None:
    found = gantt([planned("a", 1, 0, 10), planned("b", 2, 5, 10)], {"b"}, 10)
    a, b = found.bars
    assert (a.critical, b.critical) == (False, True)
    assert b.x - a.x == pytest.approx(a.width / 2, abs=1)
    assert a.x + a.width == pytest.approx(b.x + b.width, abs=1)
    assert b.y > a.y
    assert b.title == "b: 0:05.0 to 0:10.0"


def test_what_is_too_short_to_be_seen_apart_is_drawn_as_one_and_counted() -> None:
    found = gantt([planned(f"k{at}", 1, at, at + 1) for at in range(5_000)], set(), 5_000)
    assert len(found.bars) < plan_pictures.WIDTH / NARROW
    assert sum(bar.number for bar in found.bars) == 5_000
    assert "more" in found.bars[0].title and found.bars[0].text == ""


def test_a_picture_has_so_many_agents_at_most_and_says_how_many_there_are() -> None:
    found = gantt([planned(f"k{at}", at + 1, 0, 1) for at in range(50)], set(), 1)
    assert (len(found.rows), len(found.bars), found.agents) == (ROWS, ROWS, 50)


def test_work_of_no_time_is_drawn_too() -> None:
    assert gantt([planned("a", 1, 0, 0)], {"a"}, 0).bars[0].width >= 1


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"binding": "agents", "resource": None}, "the agents: 2 agents, busy all the time"),
        ({"binding": "critical_path", "resource": None}, "the critical path"),
        ({"binding": "resource", "resource": {"kind": "database", "name": "main"}}, "the database main"),
    ],
)
def test_what_binds_is_named(limits: dict[str, object], words: str) -> None:
    found = plan_page.shown(answer(limits={"amdahl": None, "work_span": 1.6, **limits}), 2)
    assert found.binding.startswith(words)
    assert found.least_seconds == 10


def test_what_is_long_is_cut_and_the_rest_counted() -> None:
    keys = [f"k{at}" for at in range(20)]
    conflicts = [{"kind": "file", "name": str(at), "keys": keys[: at + 1], "writers": keys[:1]} for at in range(12)]
    found = plan_page.shown(answer(waves=[keys] * 12, critical_path=keys, conflicts=conflicts), 2)
    assert (found.waves[0].total, len(found.waves[0].shown), found.more_waves) == (20, 6, 4)
    assert (len(found.chain.shown), found.chain.more) == (12, 8)
    assert (found.conflicts[0].name, found.conflicts[0].total, found.more_conflicts) == ("11", 12, 4)


def test_one_after_the_other_is_one_agent_whatever_there_are() -> None:
    assert plan_page.shown(answer(strategy="sequential", predicted_makespan_seconds=16.0), 2).agents == 1


def test_of_no_work_no_speedup_is_claimed() -> None:
    limits = {"amdahl": None, "work_span": None, "binding": "critical_path", "resource": None}
    assert plan_page.shown(answer(predicted_makespan_seconds=0.0, work_seconds=0.0, limits=limits), 2).speedup is None
