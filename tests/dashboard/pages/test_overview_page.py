import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from pytest_django import DjangoAssertNumQueries

from dashboard.pages import overview_page
from runs.models import Run
from tests.scenes import scene

pytestmark = pytest.mark.django_db


def test_runs_under_way_are_cards_with_their_pace(ada: User) -> None:
    there = scene(ada, "abc", max_agents=2)
    there.start("a")
    there.later(5)
    there.complete("a")
    found = overview_page.context(ada.pk, there.now)
    (card,) = found["cards"]
    assert card.run.pk == there.run_id
    assert card.progress["completed"] == 1
    assert card.sparkline is not None
    assert card.sparkline.number == 1
    assert (found["completed"], found["total"]) == (1, 3)


def test_an_agent_that_does_quick_work_is_busy(ada: User) -> None:
    there = scene(ada, "abc", max_agents=2)
    there.start("a")
    there.complete("a")
    found = overview_page.context(ada.pk, there.now)
    assert (found["agents_busy"], found["cards"][0].agents) == (1, 1)
    said = render_to_string("overview/agents.html", found)
    assert "does quick work" in said
    there.later(2)
    found = overview_page.context(ada.pk, there.now)
    assert (found["agents_busy"], found["cards"][0].agents) == (0, 0)
    assert "waits for work" in render_to_string("overview/agents.html", found)


def test_agents_of_runs_that_are_not_shown_are_counted(ada: User) -> None:
    for at in range(overview_page.CARDS + 2):
        there = scene(ada, "ab")
        there.start("a", agent=f"agent-{at}")
    assert overview_page.context(ada.pk, there.now)["agents_busy"] == overview_page.CARDS + 2


def test_only_what_holds_up_most_is_shown_and_all_that_waits_is_counted(ada: User) -> None:
    for _ in range(overview_page.WAITS + 1):
        there = scene(ada, "a")
        there.start("a")
        there.fail("a")
    found = overview_page.context(ada.pk, there.now)
    assert (len(found["waits"]), len(found["attention"])) == (overview_page.WAITS, overview_page.WAITS + 1)
    said = render_to_string("overview/waits.html", found)
    assert f"{overview_page.WAITS} of {overview_page.WAITS + 1}" in said
    assert "/runs/?status=waiting" in said


def test_a_run_without_completions_has_no_line(ada: User) -> None:
    there = scene(ada)
    (card,) = overview_page.context(ada.pk, there.now)["cards"]
    assert card.sparkline is None


def test_only_so_many_cards_are_shown_and_all_are_counted(ada: User) -> None:
    made = [scene(ada, "a") for _ in range(overview_page.CARDS + 2)]
    found = overview_page.context(ada.pk, made[-1].now)
    assert len(found["cards"]) == overview_page.CARDS
    assert found["unended"] == overview_page.CARDS + 2


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        ({"failed": 2, "cancelled": 0, "skipped": 3, "verdict": "parallel pays"}, "2 failed, 3 skipped"),
        ({"failed": 0, "cancelled": 1200, "skipped": 0, "verdict": None}, "1,200 cancelled"),
        ({"failed": 0, "cancelled": 0, "skipped": 0, "verdict": "parallel pays"}, "parallel pays"),
        ({"failed": 0, "cancelled": 0, "skipped": 0, "verdict": None}, ""),
    ],
)
def test_a_verdict_says_first_what_went_wrong(progress: dict[str, object], words: str) -> None:
    assert overview_page.verdict(Run(), progress) == words


def test_the_overview_takes_the_same_queries_for_two_runs_and_for_many(
    ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(6):
            there = scene(ada, "abc", max_agents=2)
            there.start("a", "b")
            there.complete("a")
        with django_assert_max_num_queries(10) as taken:
            overview_page.context(ada.pk, there.now)
        counts.append(len(taken))
    assert counts[0] == counts[1]
