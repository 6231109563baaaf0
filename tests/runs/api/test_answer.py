"""Answers over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import actions
from runs.models import Attempt, Event
from tests.factories import Api, plant, pointers
from tests.scenes import Scene

ASK = {"key": "ok", "content": "Ask", "executor": {"name": "approval", "question": "Ship it?"}}


@pytest.fixture
def there(ada: User) -> Scene:
    """A question that has been put, and what waits for the answer."""
    todo = plant(ada, subtasks=[ASK, {"key": "ship", "content": "Ship", "depends_on": ["ok"]}])
    run = actions.start(todo, actions.Options())
    found = Scene(run, run.updated_at)
    with found.entry():
        pass
    return found


def answer(api: Api, there: Scene, body: Any, key: str = "ok") -> Any:
    return api.post(f"runs/{there.run_id}/subtasks/{key}/answer/", body)


def test_who_waits_for_an_answer_says_what_is_asked(api: Api, there: Scene) -> None:
    shown = api.get(f"runs/{there.run_id}/subtasks/ok/").json()
    assert (shown["status"], shown["waiting_for"], shown["agent"]) == ("in_progress", "person", "person")
    assert shown["waiting_detail"] == {"question": "Ship it?"}


def test_a_yes_and_a_no_answer_with_the_subtask(api: Api, there: Scene) -> None:
    response = answer(api, there, {"approve": True, "text": "go"})
    assert response.status_code == 200
    shown = response.json()
    assert (shown["status"], shown["waiting_for"]) == ("completed", None)
    assert shown["result"] == {"approved": True, "text": "go", "by": shown["result"]["by"]}
    again = answer(api, there, {"approve": False})
    assert (again.status_code, again.json()["current"]) == (409, "completed")


def test_a_no_says_why(api: Api, there: Scene) -> None:
    shown = answer(api, there, {"approve": False, "text": "too early"}).json()
    assert (shown["status"], shown["error"]) == ("failed", "not approved: too early")
    assert shown["attempts"][0]["partial_result"]["approved"] is False


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/approve"),
        ({"approve": "yes"}, "/approve"),
        ({"approve": None}, "/approve"),
        ({"approve": True, "text": 5}, "/text"),
        ({"approve": True, "text": "x" * 9_001}, "/text"),
        ({"approve": True, "by": "me"}, "/by"),
    ],
)
def test_what_is_no_answer_is_refused_and_changes_nothing(api: Api, there: Scene, body: Any, pointer: str) -> None:
    before = Event.objects.count()
    response = answer(api, there, body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert (Event.objects.count(), Attempt.objects.get().status) == (before, "running")


def test_there_must_be_such_a_subtask(api: Api, there: Scene, eve: User) -> None:
    assert answer(api, there, {"approve": True}, key="nothing").status_code == 404
    assert answer(api, there, {"approve": True}, key="ship").status_code == 409
