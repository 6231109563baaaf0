"""Input that means harm, or nothing, against every page and form: an answer for people, never an error of ours."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from dashboard.forms import todo_form
from tests.runs.factories import dump
from tests.scenes import scene
from todos.models import Todo

# Every parameter that any page reads; each page is sent all of them.
PARAMETERS = (
    "q status backend cursor order open from add as after before topic next on key format max_agents strategy".split()
)
OPTIONS = ["strategy", "folder", "include", "batches", "work", "changes", "seconds_per_file", "files"]
VALUES = ["\0", "-1", "9" * 400, "\u0661", "\ud83d", "http://[", "[" * 2_000, '[[[1e999, "\\ud83d"]]]']


def routes() -> Iterator[tuple[str, str]]:
    """Name and path of every page that is ours."""
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLPattern) and entry.name and "dashboard.views" in entry.callback.__module__:
            yield entry.name, "/" + str(entry.pattern)


def filled(path: str, run: int, todo: int) -> str:
    for part, value in {"<id:run_id>": run, "<id:todo_id>": todo, "<key:key>": "a", "<str:secret>": "x"}.items():
        path = path.replace(part, str(value))
    return path


@pytest.fixture
def paths(ada: User) -> dict[str, str]:
    """Every page of a run and a todo that are there, by name."""
    made = scene(ada)
    made.start("a")
    todo = Todo.objects.create(owner=ada, content="free", key="")
    Todo.objects.create(owner=ada, root=todo, parent=todo, content="below", key="below")
    return {name: filled(path, made.run_id, todo.pk) for name, path in routes() if name != "logout"}


@pytest.mark.parametrize("value", VALUES, ids=lambda text: ascii(text)[:20])
def test_a_page_is_shown_whatever_its_address_asks_for(browser: Client, paths: dict[str, str], value: str) -> None:
    before, sent = dump(), value.encode("utf-8", "surrogatepass")
    for name, path in paths.items():
        response: Any = browser.get(path, dict.fromkeys(PARAMETERS, sent))
        assert response.status_code < 500, name
    assert dump() == before


CURSORS = ['[1, "\\ud83d"]', '[1, "\\ud83d", 1]', '[1, "pending", "\\ud83d"]', "[" * 5_000, "[1, true]", "[1, 1e999]"]
CURSORS += [
    '[1, "k", []]',
    "[[], {}]",
    '{"a": 1}',
    "7",
    '[1, "\\u0000"]',
    "[1, 9223372036854775808]",
    "[0, -1, -1, -1]",
]


@pytest.mark.parametrize("cursor", CURSORS, ids=lambda text: text[:20])
def test_a_cursor_that_somebody_made_up_shows_a_page(browser: Client, paths: dict[str, str], cursor: str) -> None:
    made_up = urlsafe_b64encode(cursor.encode()).decode().rstrip("=")
    for name in ("runs", "todos", "run", "run-subtasks"):
        for more in ({}, {"order": "key"}, {"status": "pending"}, {"as": "table"}):
            response: Any = browser.get(paths[name], {"cursor": made_up, **more})
            assert response.status_code == 200, (name, more)


@pytest.mark.parametrize("value", VALUES, ids=lambda text: ascii(text)[:20])
def test_a_form_is_answered_whatever_is_in_it(browser: Client, paths: dict[str, str], value: str) -> None:
    sent = value.encode("utf-8", "surrogatepass")
    for name in (
        "todo-new",
        "todo-checklist",
        "todo-add",
        "todo-edit",
        "todo-move",
        "todo-needs",
        "todo-run",
        "todo-decompose",
    ):
        read = {
            "todo-edit": list(todo_form.ALL),
            "todo-run": ["max_agents", "backend", "strategy"],
            "todo-decompose": OPTIONS,
        }
        for field in ["on", "content", "text", "version", "to", "key", "q", *read.get(name, [])]:
            response: Any = browser.post(paths[name], {"content": "a", "version": "1", "make": "1", field: sent})
            assert response.status_code < 500, f"{name} {field}"
