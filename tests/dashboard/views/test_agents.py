import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from runs.models import Agent, Run
from tests.scenes import scene

pytestmark = pytest.mark.django_db


def test_agents_are_shown_with_what_they_are_at(browser: Client, ada: User) -> None:
    run = scene(ada, "abc", max_agents=2)
    run.start("a", agent="agent-1")
    html = browser.get("/agents/").content.decode()
    assert f'href="/runs/{run.run_id}/subtasks/a/"' in html
    assert "1 busy" in html
    assert 'data-goes="a"' in html


def test_who_is_idle_leads_to_what_it_did_in_its_newest_run(browser: Client, ada: User, eve: User) -> None:
    for owner, content in ((ada, "Older"), (ada, "Newest"), (eve, "Hers")):
        made = scene(owner, "ab", content=content)
        made.now = timezone.now() - timedelta(minutes=2)
        made.start("a", agent="agent <1>")
        made.complete("a")
    newest = Run.objects.get(content="Newest")
    html = browser.get("/agents/").content.decode()
    link = f'href="/runs/{newest.pk}/subtasks/?agent=agent%20%3C1%3E"'
    assert re.search(rf"data-row.*waits for work, newest run <a {re.escape(link)}[^>]*><bdi>Newest</bdi></a>", html)
    assert "Older" not in html and "Hers" not in html


def test_rows_that_lead_nowhere_are_gone_past_by_keyboard(browser: Client, ada: User) -> None:
    Agent.objects.create(name="agent-1")
    html = browser.get("/agents/").content.decode()
    assert "waits for work" in html
    assert "data-row" not in html


def test_without_any_agent_the_page_teaches_how_to_get_some(browser: Client) -> None:
    html = browser.get("/agents/").content.decode()
    assert "Nobody has worked here yet" in html
    assert 'formaction="/rehearse/"' in html
    assert "create_token laptop --scope operator" in html
    assert "http://testserver/api/v1" in html


def test_many_agents_come_a_page_at_a_time(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Agent.objects.bulk_create(Agent(name=f"agent-{number}") for number in range(120))
    with django_assert_max_num_queries(14):
        html = browser.get("/agents/").content.decode()
    assert "50 of 120" in html
    last = browser.get("/agents/", {"from": "100"}).content.decode()
    assert "20 of 120" in last
    assert "agent-119" in last
    assert 'href="?from=50"' in last


@pytest.mark.parametrize("query", [{"from": "9999"}, {"from": "-1"}, {"from": "x"}, {"status": "x"}])
def test_what_makes_no_sense_shows_some_page(browser: Client, ada: User, query: dict[str, str]) -> None:
    Agent.objects.create(name="agent-1")
    assert "1 of 1" in browser.get("/agents/", query).content.decode()


def test_one_status_alone_can_be_asked_for(browser: Client, ada: User) -> None:
    Agent.objects.create(name="agent-1")
    assert "1 of 1" in browser.get("/agents/", {"status": "idle"}).content.decode()
    assert "No agent is like that" in browser.get("/agents/", {"status": "lost"}).content.decode()


def test_a_column_sorts_them_either_way_and_then_shows_the_tree_again(browser: Client, ada: User) -> None:
    run = scene(ada, "abcd", max_agents=2)
    run.start("a", "b", agent="agent-2")
    run.start("c", agent="agent-1")
    run.later(5)
    run.complete("a", "b", "c")
    Agent.objects.create(name="agent-3")

    def names(query: str) -> list[str]:
        return [member.name for member, _ in browser.get(f"/agents/{query}").context["lines"]]

    assert names("") == ["agent-1", "agent-2", "agent-3"]
    assert names("?order=-done") == ["agent-2", "agent-1", "agent-3"]
    assert names("?order=-name") == ["agent-3", "agent-2", "agent-1"]
    assert names("?order=nonsense") == names("")
    html = browser.get("/agents/?order=-done&status=idle").content.decode()
    assert 'aria-sort="descending"><a href="/agents/?status=idle&amp;order=done" aria-current="true">Done ↓' in html
    html = browser.get("/agents/?order=done").content.decode()
    assert 'aria-sort="ascending"><a href="/agents/" aria-current="true">Done ↑' in html


@pytest.mark.parametrize("order", ["status", "busy", "-pace", "average", "most", "-heard"])
def test_those_that_have_no_value_come_last_both_ways(browser: Client, ada: User, order: str) -> None:
    agents = [Agent.objects.create(name=f"agent-{number}") for number in (1, 2)]
    shown = browser.get("/agents/", {"order": order}).context["lines"]
    assert [member.pk for member, _ in shown] == [agent.pk for agent in agents]


def test_agents_are_searched_by_name(browser: Client, ada: User) -> None:
    for name in ("impl-1", "impl-2", "docs-1"):
        Agent.objects.create(name=name)
    html = browser.get("/agents/", {"q": " IMPL "}).content.decode()
    assert "2 of 2" in html
    assert "docs-1" not in html
    response = browser.get("/agents/", {"q": "impl", "status": ""}, headers={"HX-Target": "section#agent-table"})
    assert response["HX-Replace-Url"] == "/agents/?q=impl"
    assert "No agent is like that" in browser.get("/agents/", {"q": "x<b>\0"}).content.decode()
