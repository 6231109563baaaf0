import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from runs import tokens as making
from runs.api.authentication import Tokens, tokens
from runs.models import Token
from tests.factories import Api, token_of
from todos.principal import ALL_EXECUTORS, Principal

pytestmark = pytest.mark.urls("tests.sample_api")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def status(token: str) -> int:
    return Api(token, checked=False).get("notes/").status_code


def test_a_token_stands_for_its_owner(ada: User) -> None:
    token = making.make(ada, "name", scope="operator")
    row = Token.objects.get()
    found = Tokens().principal(token)
    assert found == Principal(
        ada.pk, "operator", frozenset({"search", "read", "web_search", "simulate", "approval"}), row.pk
    )
    assert found.name == f"token:{row.pk}"


@pytest.mark.parametrize(
    ("scope", "commands", "executors"),
    [
        ("viewer", False, set()),
        ("agent", False, {"read", "search"}),
        ("operator", True, ALL_EXECUTORS),
        ("admin", False, ALL_EXECUTORS),
    ],
)
def test_what_a_token_may_make_follows_from_its_scope(ada: User, scope: str, commands: bool, executors: set) -> None:
    found = Tokens().principal(making.make(ada, "name", scope=scope, commands=commands))
    assert found is not None
    assert found.executors == executors


def test_nobody_is_401_with_a_hint(db: None) -> None:
    response = Api(checked=False).get("notes/")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {token} {token}",
        "Bearer é",
    ],
)
def test_a_header_that_holds_no_token_is_401(ada: User, header: str) -> None:
    value = header.format(token=token_of(ada))
    assert Api(checked=False).send("GET", "notes/", headers={"Authorization": value}).status_code == 401


def test_the_scheme_may_be_written_in_any_case(ada: User) -> None:
    assert (
        Api(checked=False).send("GET", "notes/", headers={"Authorization": f"bearer {token_of(ada)}"}).status_code
        == 200
    )


@pytest.mark.parametrize("parameter", ["token", "access_token", "authorization", "Authorization"])
def test_a_token_in_the_query_string_is_no_token(ada: User, parameter: str) -> None:
    response = Api(checked=False).get("notes/", **{parameter: token_of(ada)})
    assert response.status_code == 401


def test_a_token_that_has_expired_is_401(ada: User) -> None:
    assert status(token_of(ada, expires_at=timezone.now() - timedelta(seconds=1))) == 401
    assert status(token_of(ada, expires_at=timezone.now() + timedelta(minutes=1))) == 200


def test_a_token_whose_owner_is_switched_off_is_401(ada: User) -> None:
    User.objects.update(is_active=False)
    assert status(token_of(ada)) == 401


def test_a_revoked_token_lives_a_second_at_most(ada: User) -> None:
    clock = Clock()
    lookup = Tokens(clock)
    token = token_of(ada)
    assert lookup.principal(token) is not None
    Token.objects.update(revoked_at=timezone.now())
    clock.seconds = 0.99
    assert lookup.principal(token) is not None
    clock.seconds = 1.0
    assert lookup.principal(token) is None
    assert lookup.principal(token) is None


def test_a_process_that_revokes_a_token_forgets_it_at_once(ada: User) -> None:
    token = token_of(ada)
    assert status(token) == 200
    Token.objects.update(revoked_at=timezone.now())
    tokens.forget()
    assert status(token) == 401


def test_a_remembered_token_costs_no_query_and_little_time(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lookup, token = Tokens(lambda: 0.0), token_of(ada)
    lookup.principal(token)

    def seconds() -> float:
        started = time.process_time()
        for _ in range(1_000):
            lookup.principal(token)
        return time.process_time() - started

    with django_assert_num_queries(0):
        assert min(seconds() for _ in range(3)) < 0.1


def test_what_cannot_be_a_token_costs_no_query(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert Tokens().principal("abr_x_" + "a" * 43) is None


def test_use_is_noted_once_a_minute(ada: User) -> None:
    clock = Clock()
    lookup, token = Tokens(clock), token_of(ada)
    seen = []
    for second in (0, 30, 59, 60, 100, 119, 121):
        clock.seconds = second
        now = NOW + timedelta(seconds=second)
        lookup.principal(token, lambda now=now: now)  # type: ignore[misc]
        seen.append(Token.objects.get().last_used_at)
    assert seen == [NOW + timedelta(seconds=second) for second in (0, 0, 0, 60, 60, 60, 121)]


def test_a_database_that_takes_no_writes_turns_no_reader_away(ada: User) -> None:
    token = token_of(ada)

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise DatabaseError("attempt to write a readonly database")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert Tokens().principal(token) is not None


def signed_in(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_a_person_who_is_signed_in_may_read(ada: User, eve: User) -> None:
    assert signed_in(ada).get("/api/v1/notes/").status_code == 200
    assert signed_in(eve).get("/api/v1/notes/").status_code == 200


def test_a_person_needs_a_csrf_token_to_write(ada: User) -> None:
    client = signed_in(ada)
    body: dict[str, Any] = {"path": "/api/v1/notes/", "data": {"text": "a"}, "content_type": "application/json"}
    refused = client.post(**body)
    assert (refused.status_code, refused.json()["detail"][:5]) == (403, "CSRF:")
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    assert client.post(**body, headers={"X-CSRFToken": "a" * 32}).status_code == 201
    foreign = client.post(**body, headers={"X-CSRFToken": "a" * 32, "Origin": "http://evil.example"})
    assert foreign.status_code == 403
    next_door = client.post(**body, headers={"X-CSRFToken": "a" * 32, "Origin": "http://testserver:81"})
    assert next_door.status_code == 403


def test_a_person_who_is_not_staff_may_not_write(eve: User) -> None:
    client = signed_in(eve)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    response = client.post(
        "/api/v1/notes/", {"text": "a"}, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert response.status_code == 403


def test_a_wrong_token_is_nobody_whatever_cookie_comes_with_it(ada: User) -> None:
    assert signed_in(ada).get("/api/v1/notes/", headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_person_who_is_switched_off_is_nobody(ada: User) -> None:
    client = signed_in(ada)
    User.objects.update(is_active=False)
    assert client.get("/api/v1/notes/").status_code == 401
