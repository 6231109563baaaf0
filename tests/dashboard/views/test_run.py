import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.models import Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abcd", {"d": ["b"]}, max_agents=2)
    made.start("a", "b")
    made.complete("a")
    return made


# ---- the timeline ----


def test_a_run_shows_its_counters_and_what_comes_next(browser: Client, there: Scene) -> None:
    html = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert 'data-counter="completed" data-value="1"' in html
    assert "a free agent, next in line" in html
    assert 'aria-current="page">Timeline' in html
    assert f'hx-ws:connect="/ws/runs/{there.run_id}/?format=html"' in html
    assert f'data-seq="{there.run.last_seq}"' in html


def test_a_run_that_has_ended_is_not_watched(browser: Client, ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.complete("a")
    html = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "hx-ws:connect" not in html
    assert "Completed in" in html
    assert "Now and next" not in html


def test_the_timeline_can_be_read_as_a_table(browser: Client, there: Scene) -> None:
    there.fail("b", error="exit code 1")
    html = browser.get(f"/runs/{there.run_id}/?as=table").content.decode()
    assert "<canvas" not in html
    assert "exit code 1" in html
    assert "2 attempts on this page" in html


def test_the_bars_come_as_json(browser: Client, there: Scene) -> None:
    told = browser.get(f"/runs/{there.run_id}/timeline/data/").json()
    assert {bar[5] for bar in told["bars"]} == {"a", "b"}
    assert told["end"] is None
    again = browser.get(f"/runs/{there.run_id}/timeline/data/", {"after": told["after"]}).json()
    assert again["bars"] == []


@pytest.mark.parametrize("path", ["", "?as=table", "timeline/data/", "frame/"])
def test_a_run_takes_the_same_queries_at_any_size(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    counts = []
    for number in (20, 60):
        keys = [f"k{at}" for at in range(number)]
        there = scene(ada, keys, {keys[-1]: keys[:3]}, max_agents=40)
        there.start(*keys[:10])
        there.complete(*keys[:6])
        with django_assert_max_num_queries(18) as taken:
            assert browser.get(f"/runs/{there.run_id}/{path}").status_code == 200
        counts.append(len(taken))
    assert counts[0] == counts[1]


# ---- the frame ----


def test_a_browser_without_a_socket_gets_frames(browser: Client, there: Scene) -> None:
    address = f"/runs/{there.run_id}/frame/"
    seq = there.run.last_seq
    assert browser.get(address, {"since": seq}).status_code == 204
    there.complete("b")
    html = browser.get(address, {"since": seq}).content.decode()
    assert f'data-seq="{there.run.last_seq}"' in html
    assert f'hx-target="#row-{there.subtask("b").pk}"' in html


@pytest.mark.parametrize("since", ["", "x", "-1", "²", "9" * 30])
def test_a_seq_that_makes_no_sense_gets_a_frame_all_the_same(browser: Client, there: Scene, since: str) -> None:
    assert browser.get(f"/runs/{there.run_id}/frame/", {"since": since}).status_code == 200


# ---- the proof ----


def test_what_is_kept_is_set_beside_what_is_counted(browser: Client, there: Scene) -> None:
    told = browser.get(f"/runs/{there.run_id}/prove/").json()
    assert told["kept"] == told["counted"]
    assert told["differing"] == []
    assert told["seq"] == there.run.last_seq
    Run.objects.update(completed=3)
    told = json.loads(browser.get(f"/runs/{there.run_id}/prove/").content)
    assert told["differing"] == ["completed"]


def test_the_timeline_says_what_is_expected_and_who_holds_what_keeps_others_waiting(browser: Client, ada: User) -> None:
    claim = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}
    there = scene(ada, "abc", claims={"a": [claim], "b": [claim]}, max_agents=2)
    there.start("a", agent="agent-1")
    there.start("b", "c", agent="agent-2")
    over = {f"eta{name}_at": there.now + timedelta(seconds=20) for name in ("", "_low", "_high")}
    Run.objects.update(**over, eta_confidence=0.8)
    told = browser.get(f"/runs/{there.run_id}/timeline/data/").json()
    assert told["held"] == {"kind": "file", "name": "src/**", "waiting": 1}
    assert [(bar[5], bar[9]) for bar in told["bars"]] == [("a", 1), ("c", 0)]
    ((_, start, end, key, held),) = told["ahead"]
    assert (key, held, end - start) == ("b", 1, 10_000)
    assert told["ends"] == [20_000, 20_000]
    html = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "the last row says who holds src/**" in html
    assert "</svg>held</li>" in html


def test_of_a_run_that_has_ended_nothing_is_expected(browser: Client, ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.complete("a")
    told = browser.get(f"/runs/{there.run_id}/timeline/data/").json()
    assert (told["held"], told["ahead"], told["ends"]) == (None, [], None)
    html = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "</svg>expected</li>" not in html
    assert "</svg>held</li>" not in html


def test_work_that_failed_is_over_and_not_done(browser: Client, ada: User) -> None:
    there = scene(ada, "abc")
    there.start("a", "b")
    there.complete("a")
    page = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "33 % of the work</b> · 1 of 3 subtasks ·" in page
    there.fail("b")
    page = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "67 % of the work</b> is over · 1 of 3 subtasks completed ·" in page
