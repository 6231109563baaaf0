import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs import transitions
from runs.models import Run
from runs.reading import past
from tests.scenes import Scene, ended_scene, scene

pytestmark = pytest.mark.django_db

FILE = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}
VIEWS = ["", "graph/", "subtasks/", "events/", "resources/", "insight/"]


@pytest.fixture
def ended(ada: User) -> Scene:
    return ended_scene(ada)


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


def test_the_speedup_is_that_of_what_was_done_by_then(browser: Client, ada: User) -> None:
    made = scene(ada, "abc", {"c": ["a"]}, max_agents=2)
    made.start("a", agent="agent-1")
    made.start("b", agent="agent-2")
    made.later(10)
    made.complete("a", "b")
    made.start("c")
    made.later(30)
    made.complete("c")
    Run.objects.update(baseline_seconds=60)

    def said(at: str) -> str:
        strip = html(browser, made, at=at).split('id="run-strip"')[1].split("</section>")[0]
        return re.sub(r"<[^>]+>", "", strip.split("<dt>Speedup</dt>")[1].split("</dd>")[0]).strip()

    assert [said(at) for at in ("5", "10", "16", "39.9")] == ["–", "2.0x estimated", "1.2x estimated", "0.5x estimated"]
    assert "20 s of finished work in 16 s, as measured" in html(browser, made, at="16")
    assert html(browser, made).count("1.5x <small>measured</small>") == 1, "only the end can be compared"
    Run.objects.update(usual_work=None)
    assert said("16") == "–"


def test_events_are_those_until_then_and_stay_so_under_any_filter(browser: Client, ended: Scene) -> None:
    last = ended.run.last_seq
    assert f'id="event-{last}"' in html(browser, ended, "events/")
    found = html(browser, ended, "events/", at="15")
    assert f'id="event-{last}"' not in found
    (then,) = re.findall(r">(\d+) of \1 until then<", found)
    assert f'Events <span class="quiet">{then}</span>' in found
    assert f'href="/runs/{ended.run_id}/events/?topic=results&amp;at=15"' in found
    assert 'hx-trigger="abreast:stale"' not in found
    beyond = html(browser, ended, "events/", at="15", before=str(last + 1))
    assert f'id="event-{last}"' not in beyond


def test_the_timeline_as_a_table_has_the_attempts_of_then(browser: Client, ended: Scene) -> None:
    early = html(browser, ended, at="5", **{"as": "table"})
    assert "1 attempt on this page" in early
    assert "is-running" in early and "is-succeeded" not in early
    assert ">5 s</td>" in early and "data-tick" not in early.split("attempt-table")[1]
    assert f'href="/runs/{ended.run_id}/?at=5"' in early or 'href="?at=5"' in early
    later = html(browser, ended, at="15", **{"as": "table"})
    assert "2 attempts on this page" in later and "is-succeeded" in later
    assert "as=table&amp;at=15" in html(browser, ended, at="15") or "at=15&amp;as=table" in html(
        browser, ended, at="15"
    )


def test_links_of_the_table_of_subtasks_keep_the_moment(browser: Client, ended: Scene) -> None:
    found = html(browser, ended, "subtasks/", at="5")
    assert f'href="/runs/{ended.run_id}/subtasks/b/?at=5"' in found
    assert 'name="at" value="5"' in found
    assert "order=-key&amp;at=5" in found or "order=key&amp;at=5" in found
    assert "order=-time" not in found and "order=agent" not in found


def test_the_drawer_tells_no_more_than_was_there(browser: Client, ada: User) -> None:
    made = scene(ada, "ab", {"b": ["a"]}, claims={"a": [FILE]})
    made.start("a")
    made.later(10)
    made.complete("a", result={"answer": "forty-two"})
    made.later(1)
    made.start("b")
    made.complete("b")
    now = html(browser, made, "subtasks/a/")
    assert "forty-two" in now and "Raw" in now
    then = html(browser, made, "subtasks/a/", at="5")
    assert "forty-two" not in then and "Raw" not in then and "Try again" not in then
    assert "as it was 0:05.0 after the beginning of the run" in then
    drawer = then.split('id="subtask-drawer"')[1]
    assert "is-running" in drawer and "held then" in drawer and "is-completed" not in drawer
    assert "forty-two" in html(browser, made, "subtasks/a/", at="10.5")


def test_what_was_held_then_is_shown_and_nothing_of_now(browser: Client, ada: User) -> None:
    made = scene(ada, "ab", claims={"a": [FILE]})
    made.start("a")
    made.later(10)
    made.complete("a")
    made.start("b")
    made.later(10)
    made.complete("b")
    then = html(browser, made, "resources/", at="5")
    assert "Who held what" in then and "src/**" in then and ">5 s</td>" in then
    assert "Pools" not in then
    assert "Nothing was held then" in html(browser, made, "resources/", at="15")
    assert "Pools" not in html(browser, made, "resources/")


def test_time_at_rest_is_none_of_the_time_by_then(browser: Client, ada: User) -> None:
    made = scene(ada, "ab")
    made.start("a")
    made.later(10)
    with made.entry() as entry:
        transitions.move(entry, "pause")
    made.later(5)
    made.complete("a")  # now it rests
    made.later(20)
    with made.entry() as entry:
        transitions.move(entry, "resume")
    made.start("b")
    made.later(10)
    made.complete("b")
    [(since, until)] = past.rests(made.run)
    assert (until - since).total_seconds() == made.run.paused_seconds == 20
    assert "was paused" in html(browser, made, at="12") and "12 s so far" in html(browser, made, at="12")
    at_rest = html(browser, made, at="25")
    assert "15 s so far" in at_rest and "paused 10 s" in at_rest
    assert "was running" in html(browser, made, at="40") and "20 s so far" in html(browser, made, at="40")


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
