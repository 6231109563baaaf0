import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from tests.factories import keys, plant
from todos import actions
from todos.models import Todo
from todos.principal import for_person
from todos.wire.inputs import TodoChanges

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Todo:
    parts = [
        {"key": "a", "content": "First", "estimated_seconds": 2.5, "executor": {"name": "read", "path": "x"}},
        {"key": "b", "content": "Second", "subtasks": [{"key": "b1", "content": "Below"}]},
        {"key": "c", "content": "Third", "depends_on": ["a"]},
    ]
    return plant(ada, "Review", subtasks=parts)


def order(todo: Todo) -> list[str]:
    return list(Todo.objects.filter(parent=todo).order_by("position").values_list("key", flat=True))


def said(response: Any) -> str:
    return str(list(get_messages(response.wsgi_request))[-1])


def in_page(path: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}"}


# ---- editing ----


def entered(client: Client, todo: Todo, **fields: str) -> dict[str, str]:
    """The form of a todo as a browser would send it, with these fields changed."""
    form = client.get(f"/todos/{todo.pk}/edit/").context["form"]
    sent = {name: one.text for name, one in form.fields.items() if one.kind != "flag" or one.text}
    return sent | {"version": form.version} | fields


def test_a_form_that_is_sent_as_it_came_changes_nothing(browser: Client, there: Todo) -> None:
    for todo in (there, *keys(there).values()):
        before = Todo.objects.values().get(pk=todo.pk)
        response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo))
        assert response.status_code == 302
        assert Todo.objects.values().get(pk=todo.pk) == before


def test_fields_are_stored_as_they_were_entered(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    sent = entered(
        browser,
        todo,
        content="One\r\ntwo",
        priority="1",
        status="completed",
        estimated_seconds="",
        executor='{"name": "simulate", "seconds": 2}',
        lane="execute",
        timeout_seconds="12.5",
        max_retries="3",
        assigned_agent="impl-1",
        resources='[{"kind": "file", "name": "src/*"}]',
        rollback="",
    )
    del sent["parallelizable"]
    response = browser.post(f"/todos/{todo.pk}/edit/", sent | {"on": f"/todos/{there.pk}/?open=b"})
    assert response["Location"] == f"/todos/{there.pk}/?open=b"
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.status, todo.estimated_seconds) == ("One\ntwo", 1, "completed", None)
    assert todo.executor == {"name": "simulate", "seconds": 2}
    assert (todo.lane, todo.timeout_seconds, todo.max_retries) == ("execute", 12.5, 3)
    assert (todo.assigned_agent, todo.parallelizable) == ("impl-1", False)
    assert [(claim.name, claim.mode) for claim in todo.claims.all()] == [("src/*", "write")]
    there.refresh_from_db()
    assert there.counts["completed"] == 1


@pytest.mark.parametrize(
    ("field", "text", "detail"),
    [
        ("content", "  ", "should match"),
        ("content", "a\0b", "must not hold NUL"),
        ("priority", "9", "less than or equal to 5"),
        ("priority", "", "valid integer"),
        ("status", "nonsense", "'pending'"),
        ("estimated_seconds", "-1", "greater than or equal to 0"),
        ("estimated_seconds", "nan", "less than or equal to"),
        ("estimated_seconds", "soon", "valid number"),
        ("executor", '{"name": "shell"', "not JSON"),
        ("executor", '{"name": "shell"}', "command: this field is required"),
        ("executor", '{"name": "nonsense"}', "does not match any of the expected tags"),
        ("executor", "[" * 100, "nested more than 32 deep"),
        ("lane", "nonsense", "'query' or 'execute'"),
        ("timeout_seconds", "0", "greater than 0"),
        ("max_retries", "99999999999999999999", "valid integer"),
        ("max_retries", "101", "less than or equal to 100"),
        ("complexity", "", "valid number"),
        ("resources", '[{"kind": "file"}]', "0/name: this field is required"),
        ("inputs", '{"x": {"from": "nobody"}}', "no subtask with the key 'nobody'"),
    ],
)
def test_a_wrong_field_is_told_where_it_is_and_keeps_its_text(
    browser: Client, there: Todo, field: str, text: str, detail: str
) -> None:
    todo = keys(there)["a"]
    before = Todo.objects.values().get(pk=todo.pk)
    response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, **{field: text, "phase": "7"}))
    assert response.status_code == 422
    fields = response.context["form"].fields
    assert {name for name, one in fields.items() if one.error} == {field}
    assert detail in fields[field].error
    assert (fields[field].text, fields["phase"].text) == (text, "7")
    assert f'id="field-{field}-error"' in response.content.decode()
    assert Todo.objects.values().get(pk=todo.pk) == before


def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_overwritten(
    browser: Client, there: Todo, ada: User
) -> None:
    todo = keys(there)["a"]
    sent = entered(browser, todo, content="Mine")
    actions.edit(for_person(ada), todo, TodoChanges(content="Theirs", priority=1))
    response = browser.post(f"/todos/{todo.pk}/edit/", sent)
    assert response.status_code == 412
    form = response.context["form"]
    assert (form.fields["content"].text, form.fields["content"].now) == ("Mine", "Theirs")
    assert (form.fields["priority"].text, form.fields["priority"].now) == ("3", "1")
    assert form.fields["lane"].now is None
    assert "Somebody else has changed it" in response.content.decode()
    todo.refresh_from_db()
    assert todo.content == "Theirs"
    browser.post(f"/todos/{todo.pk}/edit/", sent | {"version": form.version})
    todo.refresh_from_db()
    assert todo.content == "Mine"


@pytest.mark.parametrize("version", ["", "0", "nonsense", "1" * 400])
def test_a_form_without_the_right_version_changes_nothing(browser: Client, there: Todo, version: str) -> None:
    todo = keys(there)["a"]
    response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, content="x", version=version))
    assert response.status_code == 412
    todo.refresh_from_db()
    assert todo.content == "First"


def test_a_parent_has_no_status_of_its_own(browser: Client, there: Todo) -> None:
    assert "status" not in browser.get(f"/todos/{there.pk}/edit/").context["form"].fields
    browser.post(f"/todos/{there.pk}/edit/", entered(browser, there, status="failed", content="Renamed"))
    there.refresh_from_db()
    assert (there.status, there.content) == ("pending", "Renamed")


def test_in_the_page_an_edit_brings_the_new_state_and_closes_the_dialog(browser: Client, there: Todo) -> None:
    todo, here = keys(there)["b1"], f"/todos/{there.pk}/?open=b"
    asked = browser.get(f"/todos/{todo.pk}/edit/", headers=in_page(here)).content.decode()
    assert "<html" not in asked
    sent = entered(browser, todo, content="New words")
    html = browser.post(f"/todos/{todo.pk}/edit/", sent, headers=in_page(here)).content.decode()
    assert 'hx-target="#todo-tree"' in html
    assert "New words" in html
    assert 'hx-target="#dialog-content"' in html
    assert "Saved." in html


# ---- places ----


@pytest.mark.parametrize(
    ("key", "to", "found"),
    [
        ("b", "up", ["b", "a", "c"]),
        ("b", "down", ["a", "c", "b"]),
        ("c", "down", ["a", "b", "c"]),
        ("c", "0", ["c", "a", "b"]),
        ("a", "99", ["b", "c", "a"]),
        ("c", "in", ["a", "b"]),
        ("b1", "out", ["a", "b", "b1", "c"]),
    ],
)
def test_a_todo_can_be_moved(browser: Client, there: Todo, key: str, to: str, found: list[str]) -> None:
    browser.post(f"/todos/{keys(there)[key].pk}/move/", {"to": to})
    assert order(there) == found


def test_nesting_puts_it_below_the_one_before_it(browser: Client, there: Todo) -> None:
    browser.post(f"/todos/{keys(there)['c'].pk}/move/", {"to": "in"})
    assert order(keys(there)["b"]) == ["b1", "c"]


@pytest.mark.parametrize(("key", "to"), [("a", "up"), ("a", "in"), ("a", "out"), ("b", "nonsense"), ("b", "")])
def test_where_there_is_no_place_it_stays_and_says_so(browser: Client, there: Todo, key: str, to: str) -> None:
    response = browser.post(f"/todos/{keys(there)[key].pk}/move/", {"to": to})
    assert said(response) == "It cannot be moved there. Nothing was changed."
    assert order(there) == ["a", "b", "c"]


def test_the_top_of_a_tree_cannot_be_moved(browser: Client, there: Todo) -> None:
    assert "stays where it is" in said(browser.post(f"/todos/{there.pk}/move/", {"to": "up"}))


def test_a_move_that_would_close_a_cycle_names_it(browser: Client, there: Todo) -> None:
    below = keys(there)
    actions.edit(for_person(there.owner), below["a"], TodoChanges(depends_on=["b"]))
    response = browser.post(f"/todos/{below['c'].pk}/move/", {"to": "in"})
    assert said(response) == "A cycle: a → b → c → a. Nothing was changed."
    assert order(there) == ["a", "b", "c"]


# ---- needs ----


def needs(todo: Todo) -> list[str]:
    return list(todo.needs.order_by("pk").values_list("before__key", flat=True))


def test_needs_are_picked_among_those_it_can_have(browser: Client, there: Todo) -> None:
    picker = browser.get(f"/todos/{keys(there)['c'].pk}/needs/").context["picker"]
    assert [one.key for one in picker.chosen] == ["a"]
    assert [one.key for one in picker.offered] == ["b", "b1"]
    picker = browser.get(f"/todos/{keys(there)['b1'].pk}/needs/").context["picker"]
    assert [one.key for one in picker.offered] == ["a", "c"]


def test_looking_for_others_keeps_what_is_chosen_and_saves_nothing(browser: Client, there: Todo) -> None:
    todo = keys(there)["c"]
    picker = browser.post(f"/todos/{todo.pk}/needs/", {"key": ["b1"], "q": "FIR"}).context["picker"]
    assert ([one.key for one in picker.chosen], [one.key for one in picker.offered]) == (["b1"], ["a"])
    assert needs(todo) == ["a"]


def test_what_is_chosen_is_saved(browser: Client, there: Todo) -> None:
    todo = keys(there)["c"]
    response = browser.post(f"/todos/{todo.pk}/needs/", {"key": ["b", "a"], "save": "1"})
    assert (needs(todo), said(response)) == (["b", "a"], "c needs b, a.")
    assert said(browser.post(f"/todos/{todo.pk}/needs/", {"save": "1"})) == "c needs nothing."
    assert needs(todo) == []


@pytest.mark.parametrize(
    ("chosen", "detail"),
    [
        (["c"], "A cycle: a → c → a"),
        (["nobody"], "There is no subtask with the key &#x27;nobody&#x27;"),
        (["no key"], "String should match"),
        (["x" * 100_000], "String should match"),
    ],
)
def test_a_need_that_cannot_be_is_refused_in_place(
    browser: Client, there: Todo, chosen: list[str], detail: str
) -> None:
    todo = keys(there)["a"]
    response = browser.post(f"/todos/{todo.pk}/needs/", {"key": chosen, "save": "1"})
    assert response.status_code == 422
    assert detail in response.content.decode()
    assert needs(todo) == []


def test_the_top_of_a_tree_needs_nothing(browser: Client, there: Todo) -> None:
    response = browser.post(f"/todos/{there.pk}/needs/", {"key": ["a"], "save": "1"})
    assert (response.status_code, "depends on nothing" in response.content.decode()) == (422, True)


# ---- adding ----


def test_a_line_adds_a_subtask_with_its_estimate(browser: Client, there: Todo) -> None:
    browser.post(f"/todos/{there.pk}/add/", {"content": "Lint it (30 s)"})
    assert order(there) == ["a", "b", "c", "lint-it"]
    assert keys(there)["lint-it"].estimated_seconds == 30


def test_in_the_page_the_next_one_is_added_below_the_same_todo(browser: Client, there: Todo) -> None:
    todo = keys(there)["b"]
    headers = in_page(f"/todos/{there.pk}/?open=-")
    html = browser.post(f"/todos/{todo.pk}/add/", {"content": "More"}, headers=headers).content.decode()
    assert order(todo) == ["b1", "more"]
    assert f'id="new-below-{todo.pk}"' in html
    assert f'id="row-{keys(there)["more"].pk}"' in html


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    ("text", "detail"), [(" ", "nothing to do"), ("x" * 10_001, "longer than 10000"), ("a\0b", "must not hold NUL")]
)
def test_a_line_that_cannot_be_added_is_kept(
    browser: Client, there: Todo, text: str, detail: str, headers: dict[str, str]
) -> None:
    response = browser.post(f"/todos/{there.pk}/add/", {"content": text}, headers=headers)
    assert response.status_code == 422
    html = response.content.decode()
    assert detail in html
    assert text.strip() in html
    assert order(there) == ["a", "b", "c"]


def test_nothing_is_added_below_what_is_in_progress(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    Todo.objects.filter(pk=todo.pk).update(status="in_progress")
    response = browser.post(f"/todos/{todo.pk}/add/", {"content": "x", "on": f"/todos/{there.pk}/"})
    assert response.status_code == 409
    assert "cannot become a parent" in response.content.decode()


# ---- deleting ----


def test_deleting_asks_and_says_what_goes_with_it(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{keys(there)['a'].pk}/delete/", headers={"HX-Request": "true"}).content.decode()
    assert '<b>1 subtask</b> will no longer wait for it: <span class="key">c</span>' in html
    html = browser.get(f"/todos/{there.pk}/delete/").content.decode()
    assert "<b>4 subtasks</b> below it" in html
    assert Todo.objects.count() == 5


def test_a_todo_is_deleted_with_all_below_it(browser: Client, there: Todo) -> None:
    response = browser.post(f"/todos/{keys(there)['b'].pk}/delete/")
    assert (response["Location"], said(response)) == (f"/todos/{there.pk}/", "b was deleted.")
    assert order(there) == ["a", "c"]
    response = browser.post(f"/todos/{there.pk}/delete/")
    assert response["Location"] == "/todos/"
    assert not Todo.objects.exists()


def test_the_page_of_what_was_deleted_leads_to_its_parent(browser: Client, there: Todo) -> None:
    todo = keys(there)["b"]
    response = browser.post(f"/todos/{todo.pk}/delete/", headers=in_page(f"/todos/{todo.pk}/"))
    assert response["HX-Redirect"] == f"/todos/{there.pk}/"


def test_what_is_in_progress_is_not_deleted(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    Todo.objects.filter(pk=todo.pk).update(status="in_progress")
    assert "in progress" in said(browser.post(f"/todos/{todo.pk}/delete/"))
    assert Todo.objects.filter(pk=todo.pk).exists()


# ---- where it leads ----


@pytest.mark.parametrize("on", ["", "https://example.org/", "//example.org/todos/1/", "/todos/999999/", "/runs/1/"])
def test_it_leads_back_to_the_tree_and_never_elsewhere(browser: Client, there: Todo, on: str) -> None:
    response = browser.post(f"/todos/{keys(there)['c'].pk}/move/", {"to": "up", "on": on})
    assert response["Location"] == f"/todos/{there.pk}/"


def test_the_page_of_another_tree_is_not_led_to(browser: Client, there: Todo, ada: User) -> None:
    other = plant(ada, "Another")
    response = browser.post(f"/todos/{keys(there)['c'].pk}/move/", {"to": "up", "on": f"/todos/{other.pk}/"})
    assert response["Location"] == f"/todos/{there.pk}/"


def test_a_large_json_is_shown_as_it_is_stored(browser: Client, ada: User) -> None:
    executor = {"name": "shell", "command": "echo 'ä'", "env": {"A": "1"}}
    todo = plant(ada, executor=executor)
    text = browser.get(f"/todos/{todo.pk}/edit/").context["form"].fields["executor"].text
    assert json.loads(text) == executor
    assert "ä" in text
