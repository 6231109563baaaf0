"""The run that whoever is new can watch."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard import rehearsal
from dashboard.pages import overview_page
from runs.models import Resource, Run
from tests.factories import person
from tests.scenes import scene
from todos.models import Todo

pytestmark = pytest.mark.django_db


def test_one_button_makes_a_todo_and_leads_to_its_run(browser: Client, ada: User) -> None:
    assert 'formaction="/rehearse/"' in browser.get("/").content.decode()
    response = browser.post("/rehearse/")
    run = Run.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.owner, run.strategy, run.max_agents, run.failed) == (ada, "parallel", rehearsal.AGENTS, 0)
    assert "only take their time" in browser.get("/").content.decode()
    executors = set(Todo.objects.exclude(executor=None).values_list("executor__name", flat=True))
    assert executors == {"simulate"}


def test_what_the_button_promises_is_what_it_makes(browser: Client) -> None:
    page = browser.get("/").content.decode()
    browser.post("/rehearse/")
    run = Run.objects.get()
    assert f"{run.total} subtasks, {run.max_agents} agents, half a minute" in page


def test_its_work_takes_longer_and_less_long_than_expected_shares_something_and_fails_once() -> None:
    parts = rehearsal.release()["subtasks"]
    leaves = [leaf for part in parts for leaf in part.get("subtasks", [part])]
    off = [leaf["executor"]["seconds"] / leaf["estimated_seconds"] for leaf in leaves]
    assert min(off) < 0.9 < 1.1 < max(off)
    assert sum(leaf["executor"].get("fail_times", 0) for leaf in leaves) == 1
    assert {leaf["key"] for leaf in leaves if leaf["resources"]} == {f"browser-{at}" for at in range(1, 6)}
    assert 15 < sum(leaf["executor"]["seconds"] for leaf in leaves) / rehearsal.AGENTS < 25


def test_where_its_claims_cannot_be_met_nothing_is_made(browser: Client) -> None:
    Resource.objects.create(kind="database", name="demo-db", capacity=1)
    response = browser.post("/rehearse/", follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "Nothing was changed" in response.content.decode()
    assert not Todo.objects.exists()


def test_it_is_offered_to_the_new_while_nothing_runs(browser: Client, ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    assert "rehears" not in browser.get("/").content.decode()
    there.complete("a")
    assert 'formaction="/rehearse/"' in browser.get("/").content.decode()
    for _ in range(overview_page.FEW):
        more = scene(ada, "a")
        more.start("a")
        more.complete("a")
    assert "rehears" not in browser.get("/").content.decode()


def test_who_may_only_look_is_neither_offered_nor_given_one() -> None:
    looks = Client()
    looks.force_login(person("vera"))
    assert "rehears" not in looks.get("/").content.decode()
    assert looks.post("/rehearse/").status_code == 403
    assert not Todo.objects.exists()
