"""The run that whoever is new can watch."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.pages import overview_page
from runs.models import Run
from tests.factories import person
from tests.scenes import scene
from todos.models import Todo

pytestmark = pytest.mark.django_db


def test_one_button_makes_a_todo_and_leads_to_its_run(browser: Client, ada: User) -> None:
    assert 'formaction="/rehearse/"' in browser.get("/").content.decode()
    response = browser.post("/rehearse/")
    run = Run.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.owner, run.strategy, run.max_agents, run.failed) == (ada, "parallel", 4, 0)
    assert "only take their time" in browser.get("/").content.decode()
    executors = set(Todo.objects.exclude(executor=None).values_list("executor__name", flat=True))
    assert executors == {"simulate"}


def test_what_the_button_promises_is_what_it_makes(browser: Client) -> None:
    page = browser.get("/").content.decode()
    browser.post("/rehearse/")
    run = Run.objects.get()
    assert f"{run.total} subtasks, {run.max_agents} agents, under a minute" in page
    work = sum(todo.estimated_seconds or 0 for todo in Todo.objects.exclude(executor=None))
    assert run.max_agents * 25 < work < run.max_agents * 45


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
