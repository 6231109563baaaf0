"""What tests need again and again. Ada owns things, Ben shares the server with her, Eve may not."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils.http import urlencode

from runs import tokens
from tests import contract
from todos import actions
from todos.models import Todo
from todos.principal import for_person


def person(name: str, *, staff: bool = False) -> User:
    found = User.objects.filter(username=name).first()
    return found or User.objects.create_user(name, is_staff=staff, is_superuser=staff)


def token_of(owner: User, scope: str = "operator", **options: Any) -> str:
    return tokens.make(owner, f"{owner.username}'s {scope}", scope=scope, **options)


def plant(owner: User, content: str = "a todo", **fields: Any) -> Todo:
    """A todo of hers, with everything below it."""
    return actions.create(for_person(owner), {"content": content, **fields})


def keys(todo: Todo) -> dict[str, Todo]:
    """What is below the top of a tree, by key, as it stands."""
    return {below.key: below for below in Todo.objects.filter(root=todo.tree_id)}


class Api:
    """A client of the REST API whose every answer must agree with the document."""

    def __init__(self, token: str | None = None, *, checked: bool = True) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.checked = checked

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        """`path` below /api/v1/; `body` is sent as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        response = self.client.generic(
            method, url, content, content_type="application/json", headers={**self.headers, **(headers or {})}
        )
        if self.checked:
            contract.check(method, f"/api/v1/{path}", response)
        return response

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, **query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PATCH", path, body, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)


def pointers(response: Any) -> list[str]:
    """Where a problem says that something is wrong."""
    return [error["pointer"] for error in response.json()["errors"]]


def all_pages(api: Api, path: str, **query: Any) -> Iterator[Any]:
    """Every row of a list, page by page."""
    page = api.get(path, **query).json()
    while True:
        yield from page["results"]
        if page["next"] is None:
            return
        page = follow(api, page["next"]).json()


def follow(api: Api, url: str) -> Any:
    """What a link of a page leads to."""
    return api.send("GET", url.partition("/api/v1/")[2].partition("?")[0] + "?" + url.partition("?")[2])


# ---- todos ----

EXAMPLE: dict[str, Any] = {
    "content": "Review the code base",
    "priority": "high",
    "subtasks": [
        {
            "key": "scan",
            "content": "Find the modules",
            "executor": {"name": "shell", "command": "ls src"},
            "lane": "query",
            "estimated_seconds": 2,
        },
        {
            "key": "lint",
            "content": "Lint",
            "depends_on": ["scan"],
            "executor": {"name": "shell", "command": "ruff check ."},
            "resources": [
                {"kind": "file", "name": "src/app.py", "mode": "write"},
                {"kind": "api", "name": "forge", "amount": 1},
            ],
            "timeout_seconds": 300,
            "max_retries": 2,
            "max_iterations": 10,
            "complexity": 0.4,
            "parallelizable": True,
            "assigned_agent": None,
            "phase": 1,
            "rollback": {"name": "shell", "command": "git checkout src/app.py"},
        },
    ],
}


def made(api: Api, body: Any = None, **fields: Any) -> dict[str, Any]:
    response = api.post("todos/", body or {"content": "a todo", **fields})
    assert response.status_code == 201, response.content
    found: dict[str, Any] = response.json()
    return found


def counts(total: int, **words: int) -> dict[str, int]:
    names = ("pending", "in_progress", "completed", "failed", "cancelled", "skipped")
    return {**dict.fromkeys(names, 0), **words, "total": total}
