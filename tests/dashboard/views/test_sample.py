"""The run to look at: made by one button, and honest about being pretended."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard import sample
from runs.models import Resource, Run
from tests.dashboard.views.changing import said
from todos.models import Todo

pytestmark = pytest.mark.django_db


def test_the_overview_offers_a_run_to_look_at_while_nothing_is_under_way(browser: Client) -> None:
    assert 'formaction="/sample/"' in browser.get("/").content.decode()
    browser.post("/sample/")
    assert 'formaction="/sample/"' not in browser.get("/").content.decode()


def test_the_button_starts_it_and_leads_to_it(browser: Client) -> None:
    response = browser.post("/sample/")
    run = Run.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.content, run.max_agents) == ("Release 1.2 (pretended)", sample.AGENTS)
    assert said(response) == f"Started: {run.total} subtasks that only take their time."


def test_its_work_takes_longer_and_less_long_than_estimated_shares_something_and_fails_once() -> None:
    parts = sample.release()["subtasks"]
    leaves = [leaf for part in parts for leaf in part.get("subtasks", [part])]
    off = [leaf["executor"]["seconds"] / leaf["estimated_seconds"] for leaf in leaves]
    assert min(off) < 0.9 < 1.1 < max(off)
    assert sum(leaf["executor"].get("fail_times", 0) for leaf in leaves) == 1
    assert {leaf["key"] for leaf in leaves if leaf["resources"]} == {f"browser-{at}" for at in range(1, 6)}


def test_where_its_claims_cannot_be_met_nothing_is_made(browser: Client) -> None:
    Resource.objects.create(kind="database", name="demo-db", capacity=1)
    response = browser.post("/sample/")
    assert response["Location"] == "/"
    assert "Nothing was changed" in said(response)
    assert not Todo.objects.exists()


def test_who_may_only_look_starts_none(browser: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=False)
    assert browser.post("/sample/").status_code == 403
    assert not Run.objects.exists()


def test_the_overview_says_how_much_it_is(browser: Client) -> None:
    browser.post("/sample/")
    run = Run.objects.get()
    Run.objects.update(status="cancelled")
    assert f"{run.total} subtasks on six agents" in browser.get("/").content.decode()
