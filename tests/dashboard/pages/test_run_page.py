from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.pages import run_page
from dashboard.pages.run_page import Part
from runs.models import Run
from tests.scenes import scene


def counted(share: float = 0.0, **numbers: int) -> dict[str, Any]:
    statuses = ("completed", "in_progress", "pending", "failed", "cancelled", "skipped")
    return {"progress": share} | dict.fromkeys(statuses, 0) | numbers


def bound_by(kind: str, name: str) -> dict[str, Any]:
    return {"work_seconds": 600, "theoretical_speedup": 1.5, "shape": {"bound_by": {"kind": kind, "name": name}}}


@pytest.mark.parametrize(
    ("progress", "parts"),
    [
        (counted(), []),
        (counted(pending=4), []),
        (counted(0.44, completed=37, in_progress=4, pending=79), [Part("completed", 0, 44), Part("moving", 44, 2.7)]),
        (counted(1.0, completed=3), [Part("completed", 0, 100)]),
        (counted(0.5, completed=1, failed=1, pending=2), [Part("completed", 0, 25), Part("failed", 25, 25)]),
        (
            counted(1.0, completed=2, failed=1, skipped=1),
            [Part("completed", 0, 50), Part("failed", 50, 25), Part("cancelled", 75, 25)],
        ),
        (counted(0.0, in_progress=2, pending=2), [Part("moving", 0, 50)]),
    ],
)
def test_a_bar_shows_the_parts_of_the_work(progress: dict[str, Any], parts: list[Part]) -> None:
    assert run_page.bar(progress) == parts


def test_what_is_waited_for_is_said_in_one_line() -> None:
    assert (
        run_page.waits({"capacity": 45, "dependency": 25, "retry": 1})
        == "45 for an agent · 25 need others · 1 try again"
    )
    assert run_page.waits({}) == ""


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"work_seconds": 0}, ""),
        ({"work_seconds": 600, "theoretical_speedup": None}, ""),
        ({"work_seconds": 600, "max_agents": 1}, "limit: one agent for 10 min of work"),
        ({"work_seconds": 600, "strategy": "sequential"}, "limit: one agent for 10 min of work"),
        (
            {"work_seconds": 600, "critical_path_seconds": 225, "theoretical_speedup": 600 / 225},
            "limit: the longest chain, 3 min 45 s",
        ),
        (bound_by("file", "a\u202e.py"), "limit: turns at the file a⟨U+202E⟩.py, 6 min 40 s"),
        (bound_by("api", "forge"), "limit: calls of the api forge, 6 min 40 s"),
        ({"work_seconds": 600, "critical_path_seconds": 44}, "limit: 10 min of work shared by 4 agents"),
        (
            {"work_seconds": 600, "theoretical_speedup": 3.0, "barriers": True},
            "limit: one phase after the other, 3 min 20 s",
        ),
        ({"work_seconds": 600, "barriers": True}, "limit: 10 min of work shared by 4 agents"),
    ],
)
def test_the_limit_that_binds_is_named(columns: dict[str, Any], words: str) -> None:
    run = Run(**({"max_agents": 4, "theoretical_speedup": 4.0} | columns))
    planned = run.theoretical_speedup
    assert run_page.limit(run, {"limits": {"work_span": planned}, "theoretical_speedup": planned}) == words


def test_a_plan_that_was_beaten_is_no_limit_and_the_page_says_so() -> None:
    run = Run(max_agents=4, work_seconds=600, critical_path_seconds=300, theoretical_speedup=2.0)
    progress = {"limits": {"work_span": 2.0}, "theoretical_speedup": 4.0, "completed": 9, "total": 9}
    assert run_page.limit(run, progress) == "limit: 4 agents"
    assert run_page.beaten(progress) == "more than the plan's 2.0x was measured, so its estimates were wrong"


def test_a_part_of_the_work_may_do_better_than_the_plan_of_all() -> None:
    run = Run(max_agents=4, work_seconds=600, critical_path_seconds=300, theoretical_speedup=2.0)
    progress = {"limits": {"work_span": 2.0}, "theoretical_speedup": 4.0, "completed": 8, "total": 9}
    assert run_page.limit(run, progress) == "limit: the longest chain, 5 min"
    assert run_page.beaten(progress) == "the plan's 2.0x is for all of the work"


@pytest.mark.parametrize(
    ("completed", "elapsed", "words"),
    [
        (0, 30, "none yet"),
        (9, 0.5, "within a second"),
        (10, 30, "20 a minute"),
        (1, 60, "1 a minute"),
        (4, 3600, "4 an hour"),
        (1, 7200, "12 a day"),
        (1, 400_000, "1 a day"),
    ],
)
def test_a_pace_is_said_in_the_time_it_takes(completed: int, elapsed: float, words: str) -> None:
    assert run_page.pace({"completed": completed, "elapsed_seconds": elapsed}) == words


def test_a_run_that_is_held_is_not_judged() -> None:
    assert run_page.verdict(Run(status="running"), {"verdict": "parallel does not pay"}) == "parallel does not pay"
    assert run_page.verdict(Run(status="paused"), {"verdict": "parallel does not pay"}) == ""
    assert run_page.verdict(Run(status="running"), {"verdict": None}) == ""


def test_agents_are_busy_by_the_share_of_their_time() -> None:
    run = Run(max_agents=4, strategy="parallel")
    assert run_page.busy(run, {"elapsed_seconds": 0.1, "busy_seconds": 0.4}) is None
    assert run_page.busy(run, {"elapsed_seconds": 10, "busy_seconds": 30}) == 0.75
    assert run_page.busy(Run(max_agents=4, strategy="sequential"), {"elapsed_seconds": 10, "busy_seconds": 9}) == 0.9
    reported = Run(max_agents=4, backend="tracked", peak_open=2)
    assert run_page.busy(reported, {"elapsed_seconds": 10, "busy_seconds": 9}) == 0.45


@pytest.mark.django_db
def test_a_run_can_be_tried_again_when_it_ended_badly_and_its_todo_is_there(ada: User) -> None:
    there = scene(ada, "ab")
    assert not run_page.context(there.run, there.now)["may_retry"]
    there.start("a", "b")
    there.complete("a")
    there.fail("b")
    assert run_page.context(there.run, there.now)["may_retry"]
    run = there.run
    run.todo_id = None
    assert not run_page.context(run, there.now)["may_retry"]


@pytest.mark.django_db
def test_a_run_under_way_is_described_by_one_query_for_its_agents(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    there = scene(ada, [f"k{at}" for at in range(20)])
    there.start("k0")
    run = there.run
    with django_assert_num_queries(1):
        found = run_page.context(run, there.now)
    assert found["at_work"] == 1
    assert found["progress"]["total"] == 20
    assert [tab.count for tab in found["tabs"]] == [None, None, 20, run.last_seq, None, None]


def test_the_timeline_keeps_room_for_the_agents_that_may_come(ada: User) -> None:
    there = scene(ada, "abc", max_agents=2)
    assert run_page.timeline_rows(there.run, ended=False) == 2
    for key, agent in zip("abc", ("one", "two", "three")):
        there.start(key, agent=agent)
    assert run_page.timeline_rows(there.run, ended=False) == 3
    assert run_page.timeline_rows(there.run, ended=True) == 3


@pytest.mark.parametrize(("max_agents", "rows"), [(1, 1), (9, 6), (100, 6)])
def test_no_more_room_is_kept_than_there_are_subtasks(ada: User, max_agents: int, rows: int) -> None:
    assert run_page.timeline_rows(scene(ada, "abcdef", max_agents=max_agents).run, ended=False) == rows


def test_no_more_room_is_kept_than_a_page_has_to_spare(ada: User) -> None:
    there = scene(ada, [f"k{number}" for number in range(20)], max_agents=20)
    assert run_page.timeline_rows(there.run, ended=False) == run_page.MOST_RESERVED


def test_a_run_that_ended_needs_room_for_those_who_took_part(ada: User) -> None:
    assert run_page.timeline_rows(scene(ada, "abc", max_agents=3).run, ended=True) == 0


@pytest.mark.parametrize(
    ("allowed", "slowdown", "words"),
    [
        (4, None, ""),
        (4, 1.4, ""),
        (3, 1.4, "3 of 4 agents: they slow each other down (1.4x)."),
        (1, None, "1 of 4 agents: they slow each other down."),
    ],
)
def test_agents_that_were_taken_away_are_told_with_the_reason(allowed: int, slowdown: float | None, words: str) -> None:
    progress = {"agents_allowed": allowed, "max_agents": 4, "agents_slowdown": slowdown}
    assert run_page.slowed(progress) == words


@pytest.mark.django_db
def test_a_run_that_was_serial_shows_why_and_the_sentence_that_cures_it(client: Client, ada: User) -> None:
    there = scene(ada, "abcd")
    for key in "abcd":
        there.start(key)
        there.complete(key)
    Run.objects.update(critical_path_seconds=F("work_seconds"), agents_allowed=None)
    client.force_login(ada)
    shown = client.get(f"/runs/{there.run_id}/").content.decode()
    assert "verdict: ran serial" in shown
    assert "One at a time, though 4 agents were allowed: a chain of dependencies" in shown
    assert "Name in `depends_on` only" in shown


@pytest.mark.django_db
def test_a_run_whose_agents_slow_each_other_down_says_so_while_it_goes_on(client: Client, ada: User) -> None:
    there = scene(ada, "abcd")
    there.start("a")
    Run.objects.update(agents_allowed=3, agents_slowdown=1.44, agents_steps=1)
    client.force_login(ada)
    assert "3 of 4 agents: they slow each other down (1.4x)." in client.get(f"/runs/{there.run_id}/").content.decode()


@pytest.mark.django_db
def test_more_questions_than_have_room_are_counted(ada: User) -> None:
    there = scene(ada, [f"k{at}" for at in range(run_page.SHOWN_QUESTIONS + 2)], max_agents=9)
    run = there.run
    assert run_page.context(run, there.now)["more_ask"] == 0
    Run.objects.update(asking=2, questions=run_page.SHOWN_QUESTIONS)
    found = run_page.context(there.run, there.now)
    assert found["more_ask"] == 2 + run_page.SHOWN_QUESTIONS - len(found["questions"])
