"""Who may do what: every route and method of the API against every kind of principal.

A new route without a row here fails. Columns:
    nobody, viewer, agent, operator, operator with the command permission, admin, admin of somebody else, expired token,
    revoked token, owner at the dashboard, person at the dashboard who owns nothing
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from runs import actions as run_actions
from runs import tokens as token_making
from runs.api.authentication import tokens
from runs.models import Token, Webhook
from tests.factories import Api, keys, plant, token_of
from tests.runs.api.outside import leased

COLUMNS = "nobody viewer agent operator commander admin foreign expired revoked owner stranger".split()
COMMAND = {"content": "x", "executor": {"name": "shell", "command": "ls"}}

# Method, path, body, and the status for each column.
MATRIX: list[tuple[str, str, Any, str]] = [
    ("GET", "schema/", None, "401 200 200 200 200 200 200 401 401 200 200"),
    ("GET", "docs/", None, "401 200 403 200 200 200 200 401 401 200 200"),
    ("GET", "todos/", None, "401 200 403 200 200 200 200 401 401 200 200"),
    ("POST", "todos/", {"content": "x"}, "401 403 403 201 201 201 201 401 401 201 403"),
    ("POST", "todos/", COMMAND, "401 403 403 403 201 201 201 401 401 201 403"),
    ("GET", "todos/<id:todo>/", None, "401 200 403 200 200 200 404 401 401 200 404"),
    ("PATCH", "todos/<id:todo>/", {"content": "x"}, "401 403 403 200 200 200 404 401 401 200 403"),
    ("PATCH", "todos/<id:todo>/", COMMAND, "401 403 403 403 200 200 404 401 401 200 403"),
    ("DELETE", "todos/<id:todo>/", None, "401 403 403 204 204 204 404 401 401 204 403"),
    ("GET", "todos/<id:todo>/tree/", None, "401 200 403 200 200 200 404 401 401 200 404"),
    ("POST", "todos/<id:todo>/subtasks/", {"content": "x"}, "401 403 403 201 201 201 404 401 401 201 403"),
    ("POST", "todos/<id:todo>/subtasks/", COMMAND, "401 403 403 403 201 201 404 401 401 201 403"),
    (
        "POST",
        "todos/<id:todo>/decompose/",
        {"strategy": "checklist", "options": {"text": "- x"}},
        "401 403 403 200 200 200 404 401 401 200 403",
    ),
    ("POST", "todos/<id:todo>/plan/", {"improve_seconds": 0}, "401 403 403 200 200 200 404 401 401 200 403"),
    ("POST", "todos/<id:todo>/run/", None, "401 403 403 201 201 201 404 401 401 201 403"),
    ("GET", "runs/", None, "401 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "runs/", {"content": "x"}, "401 403 403 201 201 201 201 401 401 201 403"),
    ("POST", "runs/", {"content": "x", "backend": "tracked"}, "401 403 201 201 201 201 201 401 401 201 403"),
    ("POST", "runs/", {"content": "x", "subtasks": [COMMAND]}, "401 403 403 403 201 201 201 401 401 201 403"),
    (
        "POST",
        "runs/<id:run>/reports/",
        {"reports": [{"key": "a"}]},
        "401 403 404 409 409 409 404 401 401 409 403",
    ),
    ("GET", "runs/<id:run>/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/progress/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/events/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/aggregates/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/trace/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/report/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/badge.svg", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/resources/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/subtasks/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("POST", "runs/<id:run>/subtasks/", {"content": "x"}, "401 403 404 201 201 201 404 401 401 201 403"),
    ("POST", "runs/<id:run>/subtasks/", COMMAND, "401 403 404 403 201 201 404 401 401 201 403"),
    ("GET", "runs/<id:run>/subtasks/<key:key>/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("GET", "runs/<id:run>/subtasks/<key:key>/output/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    ("POST", "runs/<id:run>/pause/", None, "401 403 403 200 200 200 404 401 401 200 403"),
    ("POST", "runs/<id:run>/resume/", None, "401 403 403 409 409 409 404 401 401 409 403"),
    ("POST", "runs/<id:run>/cancel/", None, "401 403 403 200 200 200 404 401 401 200 403"),
    ("POST", "runs/<id:run>/retry/", None, "401 403 403 409 409 409 404 401 401 409 403"),
    ("POST", "runs/<id:run>/rollback/", None, "401 403 403 409 409 409 404 401 401 409 403"),
    ("POST", "runs/<id:run>/baseline/", None, "401 403 403 409 409 409 404 401 401 409 403"),
    ("POST", "runs/<id:run>/subtasks/<key:key>/cancel/", None, "401 403 403 200 200 200 404 401 401 200 403"),
    (
        "POST",
        "runs/<id:run>/subtasks/<key:key>/answer/",
        {"approve": True},
        "401 403 403 409 409 409 404 401 401 409 403",
    ),
    (
        "POST",
        "runs/<id:run>/broadcast/",
        {"command": "message", "data": "hurry"},
        "401 403 403 200 200 200 404 401 401 200 403",
    ),
    ("GET", "agents/", None, "401 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "agents/", {"name": "a"}, "401 403 201 201 201 201 201 401 401 403 403"),
    ("GET", "agents/<id:agent>/", None, "401 200 404 200 200 200 404 401 401 200 404"),
    (
        "POST",
        "agents/<id:agent>/commands/",
        {"command": "pause"},
        "401 403 403 200 200 200 404 401 401 200 403",
    ),
    ("POST", "leases/", {"agent": "nobody"}, "401 403 422 422 422 422 422 401 401 422 403"),
    ("POST", "attempts/<id:attempt>/heartbeat/", {"epoch": 1}, "401 403 404 200 200 200 404 401 401 200 403"),
    ("POST", "attempts/<id:attempt>/complete/", {"epoch": 1}, "401 403 404 200 200 200 404 401 401 200 403"),
    ("POST", "attempts/<id:attempt>/fail/", {"epoch": 1}, "401 403 404 200 200 200 404 401 401 200 403"),
    ("POST", "attempts/<id:attempt>/release/", {"epoch": 1}, "401 403 404 200 200 200 404 401 401 200 403"),
    (
        "POST",
        "attempts/<id:attempt>/output/",
        {"epoch": 1, "offset": 0, "text": "x"},
        "401 403 404 200 200 200 404 401 401 200 403",
    ),
    (
        "POST",
        "attempts/<id:attempt>/ask/",
        {"epoch": 1, "question": "Now?"},
        "401 403 404 200 200 200 404 401 401 200 403",
    ),
    ("POST", "progress/", {"reports": []}, "401 403 200 200 200 200 200 401 401 200 403"),
    ("GET", "webhooks/", None, "401 200 403 200 200 200 200 401 401 200 200"),
    ("POST", "webhooks/", {"url": "https://example.org/"}, "401 403 403 403 201 201 201 401 401 201 403"),
    ("GET", "webhooks/<id:webhook>/", None, "401 200 403 200 200 200 404 401 401 200 404"),
    ("DELETE", "webhooks/<id:webhook>/", None, "401 403 403 204 204 204 404 401 401 204 403"),
    ("GET", "insights/", None, "401 200 403 200 200 200 200 401 401 200 200"),
    ("GET", "resources/<kind:kind>/<name:name>/", None, "401 200 200 200 200 200 200 401 401 200 200"),
    (
        "POST",
        "hooks/claude-code/",
        {"session_id": "s1", "hook_event_name": "SessionStart"},
        "401 403 200 200 200 200 200 401 401 200 403",
    ),
    ("POST", "hooks/acp/", {"sessionId": "s1"}, "401 403 200 200 200 200 200 401 401 200 403"),
    ("GET", "a2a/tasks/<id:run>", None, "401 200 404 200 200 200 404 401 401 200 404"),
    (
        "PUT",
        "todowrite/<name:session>/",
        {"todos": [{"content": "x", "status": "pending", "activeForm": "Doing x"}]},
        "401 403 200 200 200 200 200 401 401 200 403",
    ),
    (
        "POST",
        "sessions/<name:session>/reports/",
        {"reports": [{"key": "a"}]},
        "401 403 200 200 200 200 200 401 401 200 403",
    ),
    (
        "PUT",
        "resources/<kind:kind>/<name:name>/",
        {"capacity": 5},
        "401 403 403 200 200 200 200 401 401 200 403",
    ),
]


def routes(found: Any = None, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Every route of the API below /api/v1/, with its view class."""
    for entry in (found or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif isinstance(entry, URLPattern) and path.startswith("api/v1/"):
            yield path.removeprefix("api/v1/"), cast(Any, entry.callback).cls


def methods(view: Any) -> set[str]:
    return {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}


def test_every_route_and_method_has_a_row() -> None:
    there = {(method, path) for path, view in routes() for method in methods(view)}
    listed = {(method, path) for method, path, _, _ in MATRIX}
    assert there - listed == set(), "routes without a row"
    assert listed - there == set(), "rows without a route"


def as_column(column: str, ada: User, eve: User) -> Api:
    """A client of this kind."""
    if column == "nobody":
        return Api(None)
    if column in {"owner", "stranger"}:
        api = Api(None)
        api.client.force_login(ada if column == "owner" else eve)
        api.client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
        api.headers = {"X-CSRFToken": "a" * 32}
        return api
    if column == "foreign":
        return Api(token_of(eve, "admin"))
    scope = column if column in {"viewer", "agent", "operator"} else "admin"
    if column == "commander":
        return Api(token_of(ada, "operator", commands=True))
    if column == "expired":
        return Api(token_of(ada, scope, expires_at=timezone.now() - timedelta(seconds=1)))
    text = token_of(ada, scope)
    if column == "revoked":
        Token.objects.filter(digest=token_making.digest(text)).update(revoked_at=timezone.now())
    return Api(text)


def filled(path: str, ada: User) -> str:
    """The path with fresh objects of Ada's in it."""
    if "<id:run>" in path:
        run = run_actions.start(plant(ada, subtasks=[{"content": "a", "key": "a"}]), run_actions.Options())
        path = path.replace("<id:run>", str(run.pk)).replace("<key:key>", "a")
    if "<id:webhook>" in path:
        hook = Webhook.objects.create(owner=ada, url="https://example.org/", secret="whsec_AAAA")
        path = path.replace("<id:webhook>", str(hook.pk))
    if "<id:agent>" in path or "<id:attempt>" in path:
        lease = leased(ada)
        path = path.replace("<id:agent>", str(lease.pick.agent)).replace("<id:attempt>", str(lease.attempt))
    path = path.replace("<kind:kind>", "database").replace("<name:name>", "main").replace("<name:session>", "s1")
    if "<id:todo>" in path:
        path = path.replace("<id:todo>", str(keys(plant(ada, subtasks=[{"content": "a"}]))["a"].pk))
    return path


@pytest.mark.parametrize(("method", "path", "body", "expected"), MATRIX, ids=lambda value: str(value)[:40])
def test_everybody_gets_the_answer_they_are_due(
    ada: User, eve: User, method: str, path: str, body: Any, expected: str
) -> None:
    found = {}
    for column in COLUMNS:
        tokens.forget()
        api = as_column(column, ada, eve)
        api.checked = path != "docs/"
        found[column] = api.send(method, filled(path, ada), body).status_code
    assert found == dict(zip(COLUMNS, map(int, expected.split()), strict=True))


@pytest.mark.parametrize("path", sorted({path for path, _ in routes()}))
def test_no_other_method_is_there(ada: User, eve: User, path: str) -> None:
    view = next(view for route, view in routes() if route == path)
    there = methods(view) | ({"HEAD"} if "GET" in methods(view) else set())
    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - there):
        target = filled(path, ada)
        assert as_column("nobody", ada, eve).send(method, target).status_code == 401
        for column in ("viewer", "agent", "admin"):
            assert as_column(column, ada, eve).send(method, target).status_code in {403, 405}
        assert as_column("admin", ada, eve).send(method, target).status_code == 405
