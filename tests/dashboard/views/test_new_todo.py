from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import keys, plant
from todos.models import Todo

pytestmark = pytest.mark.django_db

CHECKLIST = """# Ship it
- [x] Write the notes
- Test
  - Unit tests (2 min)
  - Browser tests ~30s
"""
MAKE: dict[str, str] = {"make": "1"}


def made() -> Todo:
    (todo,) = Todo.objects.filter(parent=None)
    return todo


def test_a_todo_can_be_made_alone(browser: Client) -> None:
    response = browser.post("/todos/new/", {"content": " Ship it ", "priority": "1", **MAKE})
    todo = made()
    assert response["Location"] == f"/todos/{todo.pk}/"
    assert (todo.content, todo.priority, todo.counts) == ("Ship it", 1, {})


def test_a_pasted_checklist_becomes_a_tree_named_by_its_heading(browser: Client) -> None:
    browser.post("/todos/new/", {"content": "", "priority": "3", "text": CHECKLIST, **MAKE})
    todo = made()
    assert todo.content == "Ship it"
    assert {key: (one.status, one.estimated_seconds) for key, one in keys(todo).items()} == {
        "write-the-notes": ("completed", None),
        "test": ("pending", None),
        "unit-tests": ("pending", 120),
        "browser-tests": ("pending", 30),
    }


def test_a_title_keeps_the_heading_as_a_subtask(browser: Client) -> None:
    browser.post("/todos/new/", {"content": "Release", "priority": "3", "text": CHECKLIST, **MAKE})
    assert made().content == "Release"
    assert "ship-it" in keys(made())


def test_a_preview_shows_everything_and_makes_nothing(browser: Client) -> None:
    response = browser.post("/todos/new/", {"content": "", "priority": "2", "text": CHECKLIST, "preview": "1"})
    assert response.status_code == 200
    preview = response.context["preview"]
    assert [(row.depth, row.content, row.status) for row in preview.rows] == [
        (0, "Write the notes", "completed"),
        (0, "Test", ""),
        (1, "Unit tests", "pending"),
        (1, "Browser tests", "pending"),
    ]
    assert (preview.leaves, preview.completed) == (3, 1)
    assert CHECKLIST.splitlines()[3].strip() in response.content.decode()
    assert not Todo.objects.exists()


def test_while_it_is_typed_only_the_preview_is_sent(browser: Client) -> None:
    asked = {"HX-Target": "section#checklist-preview", "HX-Request": "true"}
    html = browser.post("/todos/new/", {"text": CHECKLIST}, headers=asked).content.decode()
    assert html.strip().startswith('<section class="panel" id="checklist-preview"')
    response = browser.post("/todos/new/", {"text": "- a\n" + "  " * 9}, headers=asked)
    assert response.status_code == 200


DEEP = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(7))


@pytest.mark.parametrize("button", ["make", "preview"])
@pytest.mark.parametrize(
    ("text", "line", "detail"),
    [
        (DEEP, 6, "nested more than 5 deep"),
        (f"- fine\n- {'x' * 10_001}", 2, "longer than 10000 characters"),
        ("\n- \n", 0, "there is nothing to do in this text"),
        ("- a\0b", 0, "text must not hold NUL"),
    ],
)
def test_a_wrong_line_is_named_and_the_text_kept(
    browser: Client, text: str, line: int, detail: str, button: str
) -> None:
    response = browser.post("/todos/new/", {"content": "x", "priority": "3", "text": text, button: "1"})
    assert response.status_code == 422
    wrong = response.context["wrong"]
    assert (wrong.line, wrong.detail) == (line, detail)
    assert response.context["sent"]["text"] == text
    assert 'id="text-error"' in response.content.decode()
    assert not Todo.objects.exists()


def test_a_checklist_of_too_many_lines_is_refused(browser: Client, settings: Any) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    response = browser.post("/todos/new/", {"content": "x", "priority": "3", "text": "a\nb\nc\nd", **MAKE})
    assert (response.status_code, response.context["wrong"].line) == (422, 4)
    assert not Todo.objects.exists()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"content": " ", "priority": "3"}, "content"),
        ({"content": "x\0", "priority": "3"}, "content"),
        ({"content": "x" * 10_001, "priority": "3"}, "content"),
        ({"content": "x", "priority": "9"}, "priority"),
        ({"content": "x", "priority": "nonsense"}, "priority"),
        ({"content": "x"}, "priority"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(browser: Client, sent: dict[str, str], field: str) -> None:
    response = browser.post("/todos/new/", sent | MAKE)
    assert response.status_code == 422
    assert list(response.context["errors"]) == [field]
    assert f'id="{field}-error"' in response.content.decode()
    assert not Todo.objects.exists()


def test_a_rehearsal_waits_as_long_as_each_is_estimated(browser: Client) -> None:
    sent = {"content": "", "priority": "3", "text": CHECKLIST, "carried_out": "simulate", **MAKE}
    browser.post("/todos/new/", sent)
    below = keys(made())
    assert below["unit-tests"].executor == {"name": "simulate", "seconds": 120.0}
    assert below["write-the-notes"].executor == {"name": "simulate", "seconds": 1.0}
    assert below["test"].executor is None


def test_a_checklist_can_be_pasted_below_a_todo(browser: Client, ada: User) -> None:
    todo = plant(ada, subtasks=[{"key": "test", "content": "Test"}])
    response = browser.post(f"/todos/{todo.pk}/checklist/", {"text": "- Test\n- Lint", **MAKE})
    assert response["Location"] == f"/todos/{todo.pk}/"
    assert set(keys(todo)) == {"test", "test-2", "lint"}


def test_nothing_can_be_pasted_below_what_is_in_progress(browser: Client, ada: User) -> None:
    todo = plant(ada, status="in_progress")
    for button in ("make", "preview"):
        response = browser.post(f"/todos/{todo.pk}/checklist/", {"text": "- Lint", button: "1"})
        assert response.status_code == 409
        assert "cannot become a parent" in response.content.decode()
    assert keys(todo) == {}


def test_an_empty_paste_below_a_todo_says_so(browser: Client, ada: User) -> None:
    response = browser.post(f"/todos/{plant(ada).pk}/checklist/", {"text": " ", **MAKE})
    assert (response.status_code, response.context["wrong"].detail) == (422, "there is nothing to do in this text")
