import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from runs.models import IdempotencyKey, LoginLink
from tests.factories import Api, person, pointers, token_of
from tests.sample_api import Turnstile

pytestmark = pytest.mark.urls("tests.sample_api")


@pytest.fixture
def api(ada: User) -> Api:
    return Api(token_of(ada), checked=False)


def replayed(response: Any) -> bool:
    return response.headers.get("Idempotent-Replay") == "true"


def test_the_same_post_again_gets_the_first_answer_again(api: Api) -> None:
    first = api.post("notes/", {"text": "a"}, Idempotency_Key="k")
    again = api.post("notes/", {"text": "a"}, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["Content-Type"]) == (again.content, again.headers["Content-Type"])
    assert (replayed(first), replayed(again)) == (False, True)
    assert LoginLink.objects.count() == 1


def test_a_refusal_is_an_answer_too(api: Api) -> None:
    first = api.post("notes/", {"text": ""}, Idempotency_Key="k")
    again = api.post("notes/", {"text": ""}, Idempotency_Key="k")
    assert (first.status_code, again.status_code, replayed(again)) == (422, 422, True)
    assert again.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body"), [("notes/", {"text": "b"}), ("notes/?limit=1", {"text": "a"}), ("apart/", {"text": "a"})]
)
def test_the_same_key_with_another_request_is_422(api: Api, path: str, body: dict) -> None:
    api.post("notes/", {"text": "a"}, Idempotency_Key="k")
    response = api.post(path, body, Idempotency_Key="k")
    assert (response.status_code, pointers(response)) == (422, ["/headers/Idempotency-Key"])
    assert LoginLink.objects.count() == 1


def test_keys_of_others_are_others(api: Api, eve: User) -> None:
    api.post("notes/", {"text": "a"}, Idempotency_Key="k")
    response = Api(token_of(eve), checked=False).post("notes/", {"text": "b"}, Idempotency_Key="k")
    assert (response.status_code, replayed(response)) == (201, False)


def test_without_a_key_every_post_counts(api: Api) -> None:
    api.post("notes/", {"text": "a"})
    api.post("notes/", {"text": "b"})
    assert LoginLink.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("length", [0, 201])
def test_a_key_has_1_to_200_characters(api: Api, length: int) -> None:
    response = api.post("notes/", {"text": "a"}, Idempotency_Key="k" * length)
    assert (response.status_code, pointers(response)) == (422, ["/headers/Idempotency-Key"])
    assert api.post("notes/", {"text": "a"}, Idempotency_Key="k" * 200).status_code == 201


def test_a_key_lives_for_a_day(api: Api) -> None:
    api.post("notes/", {"text": "a"}, Idempotency_Key="k")
    stored = IdempotencyKey.objects.get()
    stored.created_at -= timedelta(hours=24)
    stored.save()
    response = api.post("notes/", {"text": "b"}, Idempotency_Key="k")
    assert (response.status_code, replayed(response)) == (201, False)
    assert LoginLink.objects.count() == 2


def test_who_may_not_write_gets_no_key(ada: User) -> None:
    token = token_of(ada, "viewer")
    assert Api(token, checked=False).post("notes/", {"text": "a"}, Idempotency_Key="k").status_code == 403
    assert Api(checked=False).post("notes/", {"text": "a"}, Idempotency_Key="k").status_code == 401
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(("kind", "status"), [("busy", 503), ("locked", 503), ("fault", 500), ("forbidden", 403)])
def test_an_answer_that_may_change_is_not_kept_nor_its_effect(api: Api, kind: str, status: int) -> None:
    api.client.raise_request_exception = False
    assert api.post(f"faults/{kind}/", Idempotency_Key="k").status_code == status
    assert not IdempotencyKey.objects.exists()
    assert not LoginLink.objects.exists()


@pytest.mark.parametrize(("kind", "status"), [("conflict", 409), ("missing", 404)])
def test_an_answer_about_the_state_is_kept(api: Api, kind: str, status: int) -> None:
    api.post(f"faults/{kind}/", Idempotency_Key="k")
    again = api.post(f"faults/{kind}/", Idempotency_Key="k")
    assert (again.status_code, replayed(again)) == (status, True)


def test_the_answer_is_stored_with_its_effect_or_not_at_all(api: Api) -> None:
    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "idempotencykey" in sql:
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert api.post("notes/", {"text": "a"}, Idempotency_Key="k").status_code == 503
    assert not LoginLink.objects.exists()
    assert api.post("notes/", {"text": "a"}, Idempotency_Key="k").status_code == 201


def test_an_operation_apart_is_replayed_as_well(api: Api) -> None:
    first = api.post("apart/", {"text": "a"}, Idempotency_Key="k")
    again = api.post("apart/", {"text": "a"}, Idempotency_Key="k")
    assert (replayed(first), replayed(again), first.content) == (False, True, again.content)
    assert LoginLink.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_operation_apart_keeps_no_transaction_open() -> None:
    api = Api(token_of(person("ada", staff=True)), checked=False)
    seen: list[bool] = []

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and "loginlink" in sql:
            seen.append(connection.in_atomic_block)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        api.post("apart/", {"text": "a"}, Idempotency_Key="k")
        api.post("notes/", {"text": "b"}, Idempotency_Key="l")
    assert seen == [False, True]


@pytest.mark.django_db(transaction=True)
def test_of_two_equal_posts_at_once_one_has_the_effect() -> None:
    token = token_of(person("ada", staff=True))
    answers: list[Any] = []
    Turnstile.arrived.clear()
    Turnstile.opened.clear()

    def post() -> None:
        answers.append(Api(token, checked=False).post("turnstile/", {"text": "a"}, Idempotency_Key="k"))
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert Turnstile.arrived.wait(30)
    Turnstile.opened.set()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(replayed(answer) for answer in answers) == [False, True]
    assert LoginLink.objects.count() == 1


def test_a_person_who_is_signed_in_has_keys_as_well(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    send: dict[str, Any] = {"path": "/api/v1/notes/", "data": {"text": "a"}, "content_type": "application/json"}
    client.post(**send, headers={"Idempotency-Key": "k"})
    assert replayed(client.post(**send, headers={"Idempotency-Key": "k"}))
    assert IdempotencyKey.objects.get().principal == f"user:{ada.pk}"
