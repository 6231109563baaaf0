from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from runs import actions
from runs.models import Run
from tests.factories import plant
from todos.models import Todo

pytestmark = pytest.mark.django_db

SIMULATE = {"name": "simulate", "seconds": 1}
SENT = {"backend": "embedded", "strategy": "auto", "max_agents": "4"}


@pytest.fixture
def there(ada: User) -> Todo:
    return plant(ada, "Review", subtasks=[{"key": key, "content": key, "executor": SIMULATE} for key in "abc"])


def said(response: Any) -> str:
    return str(list(get_messages(response.wsgi_request))[-1])


def test_the_button_starts_a_run_and_leads_to_it(browser: Client, there: Todo) -> None:
    sent = {"backend": "embedded", "strategy": "hybrid", "max_agents": "2", "fail_fast": "1"}
    response = browser.post(f"/todos/{there.pk}/run/", sent)
    run = Run.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.strategy, run.max_agents, run.fail_fast, run.total) == ("hybrid", 2, True, 3)
    assert said(response) == "Started: 3 subtasks."


@pytest.mark.parametrize("option", ["adaptive", "fail_fast", "barriers"])
def test_an_option_is_what_its_box_says(browser: Client, there: Todo, option: str) -> None:
    browser.post(f"/todos/{there.pk}/run/", SENT | {option: "1"})
    run = Run.objects.get()
    assert {name for name in ("adaptive", "fail_fast", "barriers") if getattr(run, name)} == {option}


def test_a_run_of_the_form_takes_the_agents_it_names(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{there.pk}/").content.decode()
    assert 'name="adaptive" value="1">' in html
    browser.post(f"/todos/{there.pk}/run/", SENT)
    assert not Run.objects.get().adaptive


def test_in_the_page_it_leads_there_too(browser: Client, there: Todo) -> None:
    response = browser.post(f"/todos/{there.pk}/run/", SENT, headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == f"/runs/{Run.objects.get().pk}/"


def test_a_form_without_options_takes_the_usual_ones(browser: Client, there: Todo) -> None:
    browser.post(f"/todos/{there.pk}/run/")
    run = Run.objects.get()
    assert (run.strategy, run.max_agents, run.adaptive) == ("parallel", 4, True)


def test_what_is_completed_is_carried_over_and_said(browser: Client, there: Todo) -> None:
    Todo.objects.filter(key="a").update(status="completed")
    assert said(browser.post(f"/todos/{there.pk}/run/", SENT)).startswith("Started: 1 of 3 were completed before")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_agents", "0"),
        ("max_agents", "1001"),
        ("max_agents", "many"),
        ("max_agents", "9" * 30),
        ("strategy", "nonsense"),
        ("lanes.query.concurrency", "0"),
        ("lanes.execute.concurrency", "some"),
        ("lanes.execute.mode", "nonsense"),
        ("budget.tokens", "-1"),
        ("budget.tokens", "1.5"),
        ("budget.cost", "nan"),
        ("budget.cost", "a lot"),
        ("backend", "nonsense"),
    ],
)
def test_a_wrong_option_is_told_at_its_field_and_kept(browser: Client, there: Todo, field: str, value: str) -> None:
    response = browser.post(f"/todos/{there.pk}/run/", SENT | {field: value})
    assert response.status_code == 422
    assert list(response.context["run_form"].errors) == [field]
    html = response.content.decode()
    shown = field.replace("lanes.", "lane-").replace(".", "-")
    assert f'aria-describedby="{shown}-error"' in html
    assert f'id="{shown}-error"' in html
    assert not Run.objects.exists()
    if field not in ("backend", "strategy", "lanes.execute.mode"):
        assert f'value="{value}"' in html


def test_lanes_and_budget_are_taken_as_the_api_takes_them(browser: Client, there: Todo) -> None:
    sent = {
        "lanes.query.concurrency": "3",
        "lanes.execute.concurrency": "",
        "lanes.execute.mode": "hybrid",
        "lanes.query.mode": "",
        "budget.tokens": "100000",
        "budget.cost": "2.5",
    }
    browser.post(f"/todos/{there.pk}/run/", SENT | sent)
    run = Run.objects.get()
    assert run.lanes == {"query": {"concurrency": 3}, "execute": {"mode": "hybrid"}}
    assert run.budget == {"tokens": 100_000, "cost": 2.5}


def test_lanes_and_budget_that_were_left_empty_bound_nothing(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{there.pk}/").content.decode()
    assert '<details class="fields-more limits">' in html
    names = ["lanes.query.concurrency", "lanes.execute.mode", "budget.tokens", "budget.cost"]
    browser.post(f"/todos/{there.pk}/run/", SENT | dict.fromkeys(names, ""))
    run = Run.objects.get()
    assert (run.lanes, run.budget) == ({}, {})


def test_what_agents_from_outside_may_take_needs_nobody_here(browser: Client, there: Todo) -> None:
    Todo.objects.filter(key="b").update(executor=None)
    assert browser.post(f"/todos/{there.pk}/run/", SENT | {"lanes.execute.mode": "external"}).status_code == 302
    assert Run.objects.get().total == 3


@pytest.mark.parametrize(
    ("executor", "why"),
    [
        (None, "1 subtask has no executor"),
        ({"name": "nonsense"}, "no executor of the name nonsense (1 subtask)"),
    ],
)
def test_what_nobody_here_can_do_is_said_before_and_refused(
    browser: Client, there: Todo, executor: dict[str, str] | None, why: str
) -> None:
    Todo.objects.filter(key="b").update(executor=executor)
    assert why in browser.get(f"/todos/{there.pk}/").content.decode()
    response = browser.post(f"/todos/{there.pk}/run/", SENT)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not Run.objects.exists()


def test_what_asks_a_person_needs_nobody_here(browser: Client, there: Todo) -> None:
    Todo.objects.filter(key="b").update(executor={"name": "approval", "question": "May I?"})
    assert "It cannot be run" not in browser.get(f"/todos/{there.pk}/").content.decode()
    browser.post(f"/todos/{there.pk}/run/", SENT)
    assert Run.objects.get().approvals == 1


def test_what_is_completed_needs_no_executor_any_more(browser: Client, there: Todo) -> None:
    Todo.objects.filter(key="b").update(executor=None, status="completed")
    there.counts["completed"], there.counts["pending"] = 1, 2
    there.save()
    assert browser.post(f"/todos/{there.pk}/run/", SENT).status_code == 302


def test_a_todo_without_an_executor_or_parts_cannot_be_run(browser: Client, ada: User) -> None:
    todo = plant(ada)
    assert "1 subtask has no executor" in browser.get(f"/todos/{todo.pk}/").content.decode()
    assert browser.post(f"/todos/{todo.pk}/run/", SENT).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_todo_that_is_in_a_run_says_which(browser: Client, there: Todo, headers: dict[str, str]) -> None:
    run = actions.start(there, actions.Options())
    response = browser.post(f"/todos/{there.pk}/run/", SENT, headers=headers)
    assert response.status_code == 409
    assert f"The todo is in run {run.pk}, which has not ended" in response.content.decode()
    assert Run.objects.count() == 1


def test_its_runs_are_listed(browser: Client, there: Todo) -> None:
    run = actions.start(there, actions.Options())
    below = Todo.objects.get(key="a")
    html = browser.get(f"/todos/{there.pk}/").content.decode()
    assert f'id="of-run-{run.pk}"' in html
    assert f'id="of-run-{run.pk}"' not in browser.get(f"/todos/{below.pk}/").content.decode()
    assert f"run {run.pk}" in browser.get(f"/todos/{below.pk}/").content.decode()
