"""Priorities that rise with waiting: nobody waits for ever behind what is more urgent."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.claims import waits
from runs.models import Event, Run, Subtask
from tests.runs.acting import Puppet, Stage
from tests.runs.factories import NOW, violations, work

pytestmark = pytest.mark.django_db


def urgent(number: int) -> dict[str, Any]:
    return {f"u{at}": {"priority": 1} for at in range(number)}


def climbed(run_id: int) -> list[tuple[int, int]]:
    told = Event.objects.filter(run=run_id, kind="aged").order_by("seq").values_list("data", flat=True)
    return [(data["from"], data["to"]) for data in told if data]


def test_the_least_urgent_gets_its_turn_before_more_urgent_work_runs_out(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"low": {"priority": 5, "estimated_seconds": 99}} | urgent(9), max_agents=1)
    while "low" not in puppet.begun:
        stage.pass_time(60)
        stage.end(made, puppet.begun[-1])
        stage.until(lambda: len(puppet.busy) == 1)
    assert climbed(made.run_id) == [(5, 4), (4, 3), (3, 2), (2, 1)]
    assert puppet.begun.index("low") == 4
    for key in [*puppet.busy, *(f"u{at}" for at in range(9))]:
        if made.status(key) != "completed":
            stage.end(made, key)


def test_who_is_not_late_keeps_its_place(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"low": {"priority": 5}} | urgent(3), max_agents=1)
    stage.pass_time(59)
    assert (climbed(made.run_id), made.subtask("low").priority) == ([], 5)
    stage.end(made, "u0", "u1", "u2", "low")
    assert puppet.begun[-1] == "low"


def test_what_it_has_climbed_is_kept_beside_what_was_asked_for() -> None:
    made = work({"low": {"priority": 5}, "high": {"priority": 1}})
    made.sweep()
    made.clock.advance(60)
    made.sweep()
    made.sweep()
    row = made.subtask("low")
    assert (row.priority, row.aged, row.asked_priority, made.subtask("high").aged) == (4, 1, 5, 0)
    assert [waiting.word for waiting in waits.of(made.run, [row]).values()] == ["capacity"]
    made.clock.advance(600)
    for _ in range(9):
        made.sweep()
    assert (made.subtask("low").priority, made.subtask("low").asked_priority) == (1, 5)
    assert violations(made.now) == []


def test_nobody_climbs_above_the_highest_in_line() -> None:
    made = work({"a": {"priority": 4}, "b": {"priority": 5}, "c": {"priority": 3, "needs": ["a"]}})
    made.sweep()
    made.clock.advance(3600)
    for _ in range(9):
        made.sweep()
    assert [made.subtask(key).priority for key in "abc"] == [4, 4, 3]


def test_in_a_paused_run_nobody_climbs() -> None:
    made = work({"low": {"priority": 5}, "high": {"priority": 1}}, status="paused")
    made.clock.advance(3600)
    made.sweep()
    assert (made.run.status, climbed(made.run_id)) == ("paused", [])


def test_where_all_have_the_same_priority_nothing_is_asked() -> None:
    made = work({"a": {}, "b": {}})
    made.sweep()
    made.clock.advance(3600)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        made.sweep()
    assert not any("aged" in query["sql"] and "SELECT MIN" in query["sql"] for query in asked.captured_queries)
    assert (made.run.ranked, made.subtask("a").aged) == (False, None)


def test_of_many_only_so_many_climb_in_a_pass() -> None:
    outline: dict[str, Any] = {f"low{at}": {"priority": 5} for at in range(150)}
    made = work(outline | urgent(1))
    made.sweep()
    made.clock.advance(61)
    made.sweep()
    assert Subtask.objects.filter(aged=1).count() == len(climbed(made.run_id)) == 100
    made.sweep()
    assert Subtask.objects.filter(aged=1).count() == 150
    made.sweep()
    assert len(climbed(made.run_id)) == 150


def test_work_for_outside_agents_makes_nobody_climb_who_waits_for_ours() -> None:
    made = work({"low": {"priority": 5}, "outside": {"priority": 1, "executor": None}})
    made.sweep()
    made.clock.advance(3600)
    made.sweep()
    assert climbed(made.run_id) == []


# ---- what verify finds ----


def test_a_climb_that_nobody_recorded_is_found() -> None:
    made = work({"low": {"priority": 5}, "high": {"priority": 1}})
    made.sweep()
    Subtask.objects.filter(key="low").update(priority=4, aged=1)
    assert violations(NOW) == [
        f"I18 subtask {made.subtask('low').pk} stands at 4 after 1 steps, and the log has 0: []",
    ]


def test_a_step_that_leads_elsewhere_is_found() -> None:
    made = work({"low": {"priority": 5}, "high": {"priority": 1}})
    made.sweep()
    made.clock.advance(60)
    made.sweep()
    assert violations(made.now) == []
    Subtask.objects.filter(key="low").update(priority=1)
    assert violations(made.now) == [
        f"I18 subtask {made.subtask('low').pk} stands at 1 after 1 steps, and the log has 1: [4]",
    ]
    assert Run.objects.get().ranked
