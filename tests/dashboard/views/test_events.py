import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.views import events
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "ab", max_agents=2)
    made.start("a", "b")
    made.fail("a", error="exit code 1", retryable=True)
    return made


def seqs(client: Client, there: Scene, query: str = "") -> list[int]:
    response = client.get(f"/runs/{there.run_id}/events/{query}")
    assert response.status_code == 200
    return [line.seq for line in response.context["lines"]]


def test_events_are_listed_newest_first(browser: Client, there: Scene) -> None:
    assert seqs(browser, there) == list(range(there.run.last_seq, 0, -1))


def test_events_can_be_narrowed_to_a_topic(browser: Client, there: Scene) -> None:
    assert seqs(browser, there, "?topic=errors") == [there.run.last_seq]
    assert seqs(browser, there, "?topic=metrics") == []
    assert len(seqs(browser, there, "?topic=nonsense")) == there.run.last_seq


def test_older_events_are_a_page_further(browser: Client, there: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "A_PAGE", 3)
    last = there.run.last_seq
    response = browser.get(f"/runs/{there.run_id}/events/")
    assert f"?before={last - 2}" in response.content.decode()
    assert seqs(browser, there, f"?before={last - 2}") == [last - 3, last - 4, last - 5]


def test_the_newest_page_follows_and_older_ones_stand_still(browser: Client, there: Scene) -> None:
    follows = 'hx-trigger="abreast:stale"'
    assert follows in browser.get(f"/runs/{there.run_id}/events/").content.decode()
    old = browser.get(f"/runs/{there.run_id}/events/?before=3").content.decode()
    assert follows not in old
    assert "To the newest" in old


@pytest.mark.parametrize("before", ["x", "-1", "²", "9" * 40])
def test_a_place_that_makes_no_sense_shows_something_all_the_same(browser: Client, there: Scene, before: str) -> None:
    assert browser.get(f"/runs/{there.run_id}/events/", {"before": before}).status_code == 200


def test_only_the_table_is_sent_when_only_the_table_is_asked_for(browser: Client, there: Scene) -> None:
    response = browser.get(f"/runs/{there.run_id}/events/", headers={"HX-Target": "section#event-table"})
    assert response.content.decode().strip().startswith('<section class="panel" id="event-table"')


def test_the_log_takes_the_same_queries_for_few_and_for_many(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (2, 60):
        there = scene(ada, [f"k{at}" for at in range(number)], max_agents=60)
        there.start(*(f"k{at}" for at in range(number)))
        with django_assert_max_num_queries(10) as taken:
            browser.get(f"/runs/{there.run_id}/events/")
        counts.append(len(taken))
    assert counts[0] == counts[1]
