from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from runs import actions
from runs.models import Run
from runs.planning import todo as planning
from tests.factories import Api, plant, token_of
from tests.runs.factories import dump
from todos.models import Dependency, Todo

pytestmark = pytest.mark.django_db

IN_PANEL = {"HX-Request": "true", "HX-Target": "section#todo-plan"}


@pytest.fixture
def there(ada: User) -> Todo:
    one = {
        "executor": {"name": "simulate", "seconds": 5},
        "resources": [{"kind": "database", "name": "main", "amount": 10}],
    }
    parts: list[dict[str, Any]] = [{"key": key, "content": key, **one} for key in "abc"]
    after = {"key": "d", "content": "d", "depends_on": ["a"], "executor": {"name": "simulate", "seconds": 1}}
    return plant(ada, "Review", subtasks=[*parts, after | {"resources": []}])


def test_the_page_of_a_todo_offers_a_plan_and_makes_none(
    browser: Client, there: Todo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "AT_ONCE", 0)
    monkeypatch.setattr(planning, "_turns", None)  # whoever plans finds no turns to wait for
    html = browser.get(f"/todos/{there.pk}/").content.decode()
    assert "Plan it" in html and "Done in, estimated" not in html


def test_a_plan_says_what_rest_says(browser: Client, ada: User, there: Todo) -> None:
    before = dump()
    response = browser.get(f"/todos/{there.pk}/plan/", {"max_agents": "3", "strategy": "parallel"}, headers=IN_PANEL)
    sent = {"max_agents": 3, "strategy": "parallel"}
    asked = Api(token_of(ada)).post(f"todos/{there.pk}/plan/", sent).json()
    found = response.context["plan"].answer
    assert found | {"schedule": None} == asked | {"schedule": None}
    html = response.content.decode()
    assert html.lstrip().startswith('<section class="panel" id="todo-plan"')
    assert "1.1x</b>of at most 1.1x" in html
    assert "the database main, for which subtasks take turns" in html
    assert asked["reason"] in html
    assert not Run.objects.exists() and dump()["Todo"] == before["Todo"]


def test_it_has_a_page_of_its_own(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{there.pk}/plan/").content.decode()
    assert "<h1>Plan of “<bdi>Review</bdi>”</h1>" in html
    assert "Done in, estimated" in html and 'id="todo-tree"' not in html


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_agents", "0"), ("max_agents", "1001"), ("max_agents", "many"), ("max_agents", ""), ("strategy", "nonsense")],
)
def test_a_wrong_option_is_told_at_its_field_and_kept(browser: Client, there: Todo, field: str, value: str) -> None:
    response = browser.get(f"/todos/{there.pk}/plan/", {field: value}, headers=IN_PANEL)
    assert response.status_code == 422
    assert f'id="plan_{field}-error"' in response.content.decode()
    assert response.context["plan_form"].values == {field: value if not value.isdigit() else int(value)}


def test_a_cycle_is_told_with_its_path(browser: Client, there: Todo) -> None:
    a, b = Todo.objects.get(key="a"), Todo.objects.get(key="d")
    Dependency.objects.create(before=b, after=a)
    response = browser.get(f"/todos/{there.pk}/plan/", headers=IN_PANEL)
    assert response.status_code == 422
    assert "There is no plan:</b> a cycle: a → d → a" in response.content.decode()


def test_what_is_too_large_is_told_with_its_number(browser: Client, there: Todo, settings: Any) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    response = browser.get(f"/todos/{there.pk}/plan/", headers=IN_PANEL)
    assert response.status_code == 422
    assert "4 subtasks" in response.content.decode()


def test_when_too_many_plans_are_made_it_says_so(browser: Client, there: Todo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "TURN_SECONDS", 0.0)
    for _ in range(planning.AT_ONCE):
        planning._turns.acquire()
    try:
        response = browser.get(f"/todos/{there.pk}/plan/", headers=IN_PANEL)
    finally:
        for _ in range(planning.AT_ONCE):
            planning._turns.release()
    assert response.status_code == 503
    assert "There is no plan:</b> too many plans are being made" in response.content.decode()


def test_it_can_be_run_so(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{there.pk}/plan/", {"max_agents": "2", "strategy": "hybrid"}).content.decode()
    assert '<input type="hidden" name="strategy" value="hybrid">' in html
    assert '<input type="hidden" name="max_agents" value="2">' in html
    actions.start(there, actions.Options())
    assert "Run it so" not in browser.get(f"/todos/{there.pk}/plan/").content.decode()


def test_what_nobody_here_can_do_is_planned_and_cannot_be_run_so(browser: Client, there: Todo) -> None:
    Todo.objects.filter(key="a").update(executor=None)
    html = browser.get(f"/todos/{there.pk}/plan/").content.decode()
    assert "Done in, estimated" in html and "Run it so" not in html


def test_whoever_may_only_look_plans_nothing(eve: User, eves: Client) -> None:
    todo = plant(eve, "Hers")
    assert eves.get(f"/todos/{todo.pk}/plan/").status_code == 403
    html = eves.get(f"/todos/{todo.pk}/").content.decode()
    assert "You may look at this todo, not plan a run of it." in html


def test_a_plan_of_many_needs_no_more_queries_than_one_of_few(browser: Client, ada: User) -> None:
    def queries(number: int) -> int:
        todo = plant(ada, subtasks=[{"content": f"k{at}", "executor": {"name": "simulate"}} for at in range(number)])
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert browser.get(f"/todos/{todo.pk}/plan/").status_code == 200
        return len(found)

    assert queries(40) == queries(2)
