import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.models import Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

VIEWS = ["", "graph/", "subtasks/", "events/", "resources/"]


@pytest.fixture
def ended(ada: User) -> Scene:
    """`a` for the first 10 s, then `b` for 20 s."""
    made = scene(ada, "ab", {"b": ["a"]})
    made.start("a")
    made.later(10)
    made.complete("a")
    made.start("b")
    made.later(20)
    made.complete("b")
    return made


def html(browser: Client, run: Scene, path: str = "", **query: str) -> str:
    answer = browser.get(f"/runs/{run.run_id}/{path}", query)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_is_shown_as_it_was_at_a_second(browser: Client, ended: Scene, view: str) -> None:
    found = html(browser, ended, view, at="15")
    assert 'data-counter="completed" data-value="1"' in found
    assert 'data-counter="in_progress" data-value="1"' in found
    assert "As it was 0:15.0 after its beginning" in found
    assert "Cancel…" not in found
    assert "hx-ws:connect" not in found
    assert f'href="/runs/{ended.run_id}/graph/?at=15"' in found


def test_subtasks_and_graph_are_as_they_were(browser: Client, ended: Scene) -> None:
    early = html(browser, ended, "subtasks/", at="5")
    assert early.count("is-in-progress") > html(browser, ended, "subtasks/").count("is-in-progress")
    assert "<title>b, pending" in html(browser, ended, "graph/", at="5")
    assert "<title>b, in progress" in html(browser, ended, "graph/", at="12")
    assert "<title>b, completed" in html(browser, ended, "graph/")


def test_the_limit_of_the_plan_was_the_same_then(browser: Client, ended: Scene) -> None:
    Run.objects.update(work_seconds=20, critical_path_seconds=20, theoretical_speedup=1.0)
    found = html(browser, ended, at="5")
    assert "of at most 1.0x" in found and "limit: the longest chain, 20 s" in found
    assert "of finished work in" not in found


def test_events_are_those_until_then(browser: Client, ended: Scene) -> None:
    last = ended.run.last_seq
    assert f'id="event-{last}"' in html(browser, ended, "events/")
    assert f'id="event-{last}"' not in html(browser, ended, "events/", at="15")


@pytest.mark.parametrize("at", ["", "x", "-1", "30", "1e99", "nan", "inf", "9" * 400])
def test_what_is_no_moment_of_the_run_shows_its_end(browser: Client, ended: Scene, at: str) -> None:
    found = html(browser, ended, at=at)
    assert "Completed in" in found
    assert "As it was at" in found


def test_a_run_under_way_has_no_past_to_look_at(browser: Client, ada: User) -> None:
    found = html(browser, scene(ada, "a"), at="0")
    assert "run-scrubber" not in found
    assert "As it was" not in found


def test_the_past_takes_the_same_queries_at_any_size(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (4, 100):
        keys = [f"k{at}" for at in range(number)]
        run = scene(ada, keys, max_agents=100)
        run.start(*keys)
        run.later(30)
        run.complete(*keys)
        with django_assert_max_num_queries(34):  # the moment's place in the log is found by halving
            assert "As it was 0:15.0" in html(browser, run, "subtasks/", at="15")
