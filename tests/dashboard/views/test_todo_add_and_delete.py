import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboard.views.changing import in_page, order, said
from tests.factories import keys, plant
from todos.models import Todo

pytestmark = pytest.mark.django_db


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
    assert 'type="submit" autofocus>Delete</button>' in html
    html = browser.get(f"/todos/{there.pk}/delete/").content.decode()
    assert "<b>4 todos</b> below it" in html
    assert f'<a class="button" href="/todos/{there.pk}/" autofocus>Keep it</a>' in html  # Enter deletes no whole tree
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
