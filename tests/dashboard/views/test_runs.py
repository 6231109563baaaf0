import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.views import runs
from runs.models import Run
from tests.scenes import scene
from tests.silent import NAME, lost_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(ada: User) -> list[Run]:
    made = [scene(ada, content=content).run for content in ("Docs", "Review of docs", "Nightly")]
    Run.objects.filter(pk=made[2].pk).update(status="failed")
    return made


def names(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/runs/{query}")
    assert response.status_code == 200
    return [line.run.content for line in response.context["lines"]]


def test_runs_are_listed_newest_first(browser: Client, three: list[Run]) -> None:
    assert names(browser) == ["Nightly", "Review of docs", "Docs"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=failed", ["Nightly"]),
        ("?backend=embedded&q=docs", ["Review of docs", "Docs"]),
        ("?q=%00", ["Nightly", "Review of docs", "Docs"]),
        ("?status=nonsense&backend=nonsense", ["Nightly", "Review of docs", "Docs"]),
        ("?backend=external", []),
        ("?cursor=damaged", ["Nightly", "Review of docs", "Docs"]),
    ],
)
def test_filters_are_in_the_address(browser: Client, three: list[Run], query: str, found: list[str]) -> None:
    assert names(browser, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?from=2026-03-02", ["Nightly", "Review of docs"]),
        ("?to=2026-03-02", ["Review of docs", "Docs"]),
        ("?from=2026-03-02&to=2026-03-02", ["Review of docs"]),
        ("?from=2026-03-03&to=2026-03-01", []),
        ("?from=tomorrow&to=2026-02-31", ["Nightly", "Review of docs", "Docs"]),
        ("?from=0001-01-01&to=9999-12-31", ["Nightly", "Review of docs", "Docs"]),
        ("?from=2026-03-02&status=failed", ["Nightly"]),
    ],
)
def test_runs_of_some_days_are_in_the_address_too(
    browser: Client, three: list[Run], query: str, found: list[str]
) -> None:
    for run, day, hour in zip(three, (1, 2, 3), (23, 12, 0)):
        Run.objects.filter(pk=run.pk).update(created_at=datetime(2026, 3, day, hour, tzinfo=UTC))
    assert names(browser, query) == found


def test_days_stay_when_another_filter_is_chosen(browser: Client, three: list[Run]) -> None:
    html = browser.get("/runs/?from=2026-03-02&to=2026-03-04").content.decode()
    assert "/runs/?status=failed&amp;from=2026-03-02&amp;to=2026-03-04" in html.replace("&from", "&amp;from")
    assert 'name="from" id="run-from" value="2026-03-02"' in html


def test_the_list_says_how_many_of_how_many(browser: Client, three: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "A_PAGE", 2)
    html = browser.get("/runs/").content.decode()
    assert "<span>2 of 3</span>" in html
    assert 'rel="next"' in html


def test_pages_lead_on_and_back(browser: Client, three: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "A_PAGE", 2)
    first = browser.get("/runs/").context["page"]
    assert names(browser, f"?cursor={first.next}") == ["Docs"]
    second = browser.get(f"/runs/?cursor={first.next}").context["page"]
    assert names(browser, f"?cursor={second.previous}") == ["Nightly", "Review of docs"]


def test_only_the_table_is_sent_to_a_search(browser: Client, three: list[Run]) -> None:
    response = browser.get("/runs/?q=docs", headers={"HX-Target": "section#run-table"})
    html = response.content.decode()
    assert html.strip().startswith("<section")
    assert "<html" not in html
    assert "HX-Target" in response["Vary"]


def test_a_search_leaves_no_empty_filters_in_the_address(browser: Client, three: list[Run]) -> None:
    sent = {"q": " docs", "backend": "", "from": "", "to": "", "status": "pending"}
    response = browser.get("/runs/", sent, headers={"HX-Target": "section#run-table"})
    assert response["HX-Replace-Url"] == "/runs/?status=pending&q=docs"


def test_a_filter_that_finds_nothing_leads_back(browser: Client, three: list[Run]) -> None:
    assert "Show all runs" in browser.get("/runs/?q=zzz").content.decode()


def test_the_first_visit_is_taught_how_to_begin(browser: Client) -> None:
    for path in ("/runs/", "/insights/"):
        html = browser.get(path).content.decode()
        assert "create_token laptop --scope operator" in html
        assert "http://testserver/api/v1" in html
    assert "No run has been made yet" in browser.get("/runs/").content.decode()
    assert "create_token" not in browser.get("/runs/?status=failed").content.decode()


def test_nobody_lists_the_runs_of_somebody_else(eves: Client, three: list[Run]) -> None:
    assert names(eves) == []


def test_what_was_searched_for_is_only_text(browser: Client) -> None:
    html = browser.get('/runs/?q="><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in html


def test_the_list_takes_the_same_queries_for_two_and_for_fifty(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (2, 48):
        for _ in range(number):
            scene(ada, "a")
        with django_assert_max_num_queries(7) as taken:
            browser.get("/runs/")
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_a_run_that_asks_says_so_while_it_goes_on(browser: Client, three: list[Run]) -> None:
    def row(run: Run) -> str:
        page = browser.get("/runs/").content.decode()
        return str(page.split(f'id="run-{run.pk}"')[1].split("</tr>")[0])

    assert "waits for a person" not in row(three[0])
    for asks in ({"asking": 1}, {"asking": 0, "questions": 1}):
        Run.objects.filter(pk=three[0].pk).update(**asks)
        assert "waits for a person" in row(three[0])
    assert "waits for a person" not in row(three[1])
    Run.objects.filter(pk=three[0].pk).update(finished_at=three[0].created_at)
    assert "waits for a person" not in row(three[0])


def test_all_that_waits_for_a_person_is_listed_with_what_it_is(browser: Client, three: list[Run], ada: User) -> None:
    lost = lost_work(ada).run
    broken = scene(ada, "ab", content="Broken")
    broken.start("a", "b")
    broken.fail("a", "b")
    asks = Run.objects.filter(pk=three[0].pk)
    asks.update(status="running", asking=1, questions=2)
    scene(ada, content="Goes on by itself")
    page = browser.get("/runs/?status=waiting")
    waits = {line.run.pk: [said for _, said, _ in line.waits] for line in page.context["lines"]}
    assert waits == {
        broken.run_id: ["2 failed"],
        lost.pk: [f"{NAME} is lost"],
        three[0].pk: ["3 wait for a person"],
    }
    html = page.content.decode()
    assert "<span>3 of 3</span>" in html
    assert re.search(r'<a href="/runs/\?status=waiting" aria-current="true">.*?waits for you</a>', html)
    for href in (f"/runs/{three[0].pk}/subtasks/?status=in_progress", "/agents/?status=lost"):
        assert f'<td class="what-waits"><a href="{href}">' in html
    assert 'name="status" value="waiting"' in html
    assert "waits for you" not in browser.get("/runs/").content.decode(), "the overview leads there"


def test_nothing_is_listed_as_waiting_where_nothing_waits(browser: Client, ada: User, eve: User) -> None:
    scene(ada)
    lost_work(eve)
    assert names(browser, "?status=waiting") == []
