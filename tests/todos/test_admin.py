import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import EXAMPLE, keys, plant
from todos import actions
from todos.admin import SHOWN
from todos.models import Claim, Todo
from todos.principal import for_person

LIST = "/admin/todos/todo/"


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def todo(ada: User) -> Todo:
    return actions.create(for_person(ada), EXAMPLE)


def page_of(todo: Todo) -> str:
    return f"{LIST}{todo.pk}/change/"


def saved(client: Client, todo: Todo, **fields: Any) -> Any:
    """The page of a todo, with these fields changed, sent."""
    form = client.get(page_of(todo)).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in sent.items()}
    sent = {name: value for name, value in (sent | fields).items() if value is not None and value is not False}
    return client.post(page_of(todo), sent, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_the_list_shows_todos_with_their_counts(client: Client, todo: Todo) -> None:
    page = client.get(LIST)
    assert page.status_code == 200
    assert "Review the code base" in page.text
    assert "0 of 2" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("root=true", ["Review the code base"]),
        ("root=false", ["Lint", "Find the modules"]),
        ("priority__exact=1", ["Review the code base"]),
        ("status__exact=failed", []),
        ("q=lint", ["Lint"]),
    ],
)
def test_the_list_is_filtered_and_searched(client: Client, todo: Todo, query: str, found: list[str]) -> None:
    results = client.get(f"{LIST}?{query}").context["cl"].result_list
    assert [row.content for row in results] == found


def test_the_list_costs_the_same_queries_for_2_and_for_50_rows(client: Client, ada: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    for _ in range(2):
        plant(ada)
    few = queries()
    for _ in range(48):
        plant(ada)
    assert queries() == few


def test_a_page_shows_what_is_below_and_what_waits(client: Client, todo: Todo) -> None:
    page = client.get(page_of(todo)).text
    assert "Find the modules</a> (pending)" in page
    page = client.get(page_of(keys(todo)["scan"])).text
    assert "Lint</a> (pending)" in page
    page = client.get(page_of(keys(todo)["lint"])).text
    assert 'value="scan"' in page
    assert "src/app.py" in page


def test_a_page_of_many_subtasks_shows_some(client: Client, ada: User) -> None:
    todo = plant(ada, subtasks=[{"content": f"task {n}"} for n in range(SHOWN + 1)])
    page = client.get(page_of(todo)).text
    assert page.count("</a> (pending)") == SHOWN
    assert f"All {SHOWN + 1}</a>" in page
    link = page.partition(f'">All {SHOWN + 1}</a>')[0].rpartition('href="')[2].replace("&amp;", "&")
    assert client.get(link).context["cl"].result_count == SHOWN + 1


def test_what_is_saved_goes_through_the_action(client: Client, todo: Todo) -> None:
    lint = keys(todo)["lint"]
    response = saved(client, lint, status="completed", priority=2, depends_on="", resources="[]")
    assert response.redirect_chain
    lint.refresh_from_db()
    todo.refresh_from_db()
    assert (lint.status, lint.priority, lint.version, lint.needs.count()) == ("completed", 2, 2, 0)
    assert (lint.resources_known, Claim.objects.count()) == (True, 0)
    assert todo.counts["completed"] == 1


def test_what_was_not_changed_is_not_sent(client: Client, todo: Todo) -> None:
    lint = keys(todo)["lint"]
    saved(client, lint, content="Lint it")
    after = keys(todo)["lint"]
    assert (after.content, after.executor, after.lane, after.claims.count()) == ("Lint it", lint.executor, "", 2)


def test_a_new_todo_is_made_by_the_action(client: Client, ada: User) -> None:
    fields = {
        "content": "new",
        "priority": 1,
        "complexity": 0.5,
        "status": "pending",
        "when": "always",
        "executor": '{"name": "simulate"}',
        "aggregate": '{"kind": "vote"}',
    }
    response = client.post(f"{LIST}add/", fields, follow=True)
    assert response.redirect_chain, response.context["adminform"].form.errors
    made = Todo.objects.get()
    assert (made.content, made.owner, made.priority, made.executor) == ("new", ada, 1, {"name": "simulate"})
    assert (made.when, made.aggregate) == ("always", {"kind": "vote"})


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("content", "", "required"),
        ("priority", "9", "/priority"),
        ("executor", '{"name": "fly"}', "/executor"),
        ("executor", '{"name": "shell"}', "/executor/command: this field is required"),
        ("executor", '{"name": "shell", "command": "\\ud800"}', "surrogate"),
        ("executor", '{"name": "simulate", "seconds": NaN}', "NaN is not JSON"),
        ("executor", "{", "not JSON"),
        ("resources", '[{"kind": "disk"}]', "/resources/0/kind"),
        ("aggregate", '{"kind": "sum"}', "/aggregate"),
        ("depends_on", "a b", "/depends_on/0"),
        ("content", "a\0b", "Null characters"),
    ],
)
def test_a_wrong_field_is_shown_at_its_place(client: Client, todo: Todo, field: str, value: str, told: str) -> None:
    response = saved(client, keys(todo)["lint"], **{field: value})
    assert not response.redirect_chain
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert told in str(errors[field][0])
    assert keys(todo)["lint"].version == 1


def test_what_an_action_refuses_is_shown_as_a_message(client: Client, todo: Todo) -> None:
    response = saved(client, keys(todo)["scan"], depends_on="lint")
    assert said(response) == ["a cycle: scan → lint → scan"]
    assert keys(todo)["scan"].version == 1


def test_a_parent_has_no_status_to_set(client: Client, todo: Todo) -> None:
    form = client.get(page_of(todo)).context["adminform"].form
    assert {"status", "depends_on", "position"}.isdisjoint(form.fields)


def test_a_todo_is_deleted_by_the_action(client: Client, todo: Todo) -> None:
    page = client.get(f"{LIST}{todo.pk}/delete/")
    assert "all 2 below it" in page.text
    client.post(f"{LIST}{todo.pk}/delete/", {"post": "yes"})
    assert not Todo.objects.exists()


def test_what_is_in_progress_is_not_deleted_here_either(client: Client, todo: Todo) -> None:
    Todo.objects.filter(key="scan").update(status="in_progress")
    response = client.post(f"{LIST}{todo.pk}/delete/", {"post": "yes"}, follow=True)
    assert "it is in progress" in said(response)[0]
    assert Todo.objects.count() == 3


def test_several_are_deleted_all_or_none(client: Client, todo: Todo, ada: User) -> None:
    other = plant(ada, "other")
    chosen = {
        "action": "delete_selected",
        "_selected_action": [other.pk, todo.pk, keys(todo)["lint"].pk],
        "post": "yes",
    }
    Todo.objects.filter(key="scan").update(status="in_progress")
    response = client.post(LIST, chosen, follow=True)
    assert "it is in progress" in said(response)[0]
    assert Todo.objects.count() == 4
    Todo.objects.filter(key="scan").update(status="pending")
    client.post(LIST, chosen)
    assert not Todo.objects.exists()


def test_the_admin_is_for_staff(todo: Todo, eve: User) -> None:
    client = Client()
    assert client.get(LIST).status_code == 302
    client.force_login(eve)
    assert client.get(LIST).status_code == 302
