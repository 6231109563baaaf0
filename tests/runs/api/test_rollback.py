"""Rollbacks over REST."""

import pytest
from django.contrib.auth.models import User

from runs import actions
from runs.models import Run
from tests.factories import Api, plant
from tests.scenes import Scene

UNDO = {"name": "simulate", "seconds": 1}


@pytest.fixture
def there(ada: User) -> Scene:
    """A run of two that can be undone, `b` after `a`."""
    both = [{"key": key, "content": key, "executor": UNDO, "rollback": UNDO} for key in "ab"]
    run = actions.start(plant(ada, subtasks=both), actions.Options())
    return Scene(run, run.updated_at)


def test_a_run_that_has_ended_is_undone_by_a_new_one(api: Api, there: Scene) -> None:
    for key in "ab":
        there.start(key)
        there.later(1)
        there.complete(key)
    response = api.post(f"runs/{there.run_id}/rollback/")
    assert response.status_code == 201
    made = response.json()
    assert (made["rollback_of"], made["todo"], made["counts"]["total"]) == (
        str(there.run_id),
        str(there.run.todo_id),
        2,
    )
    rows = api.get(f"runs/{made['id']}/subtasks/").json()["results"]
    assert [(row["key"], row["content"], row["depends_on"]) for row in rows] == [
        ("b", "Undo: b", []),
        ("a", "Undo: a", ["b"]),
    ]
    assert api.get(f"runs/{there.run_id}/").json()["rollback_of"] is None
    again = api.post(f"runs/{there.run_id}/rollback/")
    assert (again.status_code, again.json()["current"]) == (409, "pending")


def test_a_run_under_way_is_not_undone_and_nothing_changes(api: Api, there: Scene) -> None:
    refused = api.post(f"runs/{there.run_id}/rollback/")
    assert (refused.status_code, refused.json()["current"], Run.objects.count()) == (409, "pending", 1)


def test_there_must_be_something_to_undo(api: Api, ada: User) -> None:
    run = actions.start(plant(ada, subtasks=[{"key": "a", "content": "a", "executor": UNDO}]), actions.Options())
    there = Scene(run, run.updated_at)
    there.start("a")
    there.complete("a")
    refused = api.post(f"runs/{there.run_id}/rollback/")
    assert (refused.status_code, refused.json()["detail"]) == (409, "there is nothing to undo, or no more")
