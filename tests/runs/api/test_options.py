"""What a run may be told over REST, and what it says of that."""

from typing import Any

from django.contrib.auth.models import User

from runs.models import Run, Subtask
from tests.factories import Api, plant, pointers

WORK = {"executor": {"name": "simulate", "seconds": 60}}


def leaf(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "content": key, **WORK, **more}


def test_barriers_are_kept_and_shown(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a", phase=1), leaf("b", phase=2)])
    run = api.post(f"todos/{todo.pk}/run/", {"barriers": True}).json()
    assert (run["barriers"], run["phase"]) == (True, 1)
    progress = api.get(f"runs/{run['id']}/progress/").json()
    assert progress["waiting"] == {"capacity": 1, "barrier": 1}
    shown = api.get(f"runs/{run['id']}/subtasks/b/").json()
    assert (shown["waiting_for"], shown["phase"]) == ("barrier", 2)
    assert shown["waiting_detail"] == {"phase": 1, "own_phase": 2, "until": None}


def test_a_run_without_barriers_is_at_no_phase(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a", phase=1), leaf("b", phase=2)])
    run = api.post(f"todos/{todo.pk}/run/", {}).json()
    assert (run["barriers"], run["phase"]) == (False, None)


def test_barriers_that_would_never_open_are_refused_and_nothing_is_made(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a", phase=2), leaf("b", phase=1, depends_on=["a"])])
    refused = api.post(f"todos/{todo.pk}/run/", {"barriers": True})
    assert (refused.status_code, pointers(refused)) == (422, ["/barriers"])
    assert not Run.objects.exists()


def test_a_budget_is_kept_and_shown(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a"), leaf("b")])
    run = api.post(f"todos/{todo.pk}/run/", {"budget": {"tokens": 1000}}).json()
    assert run["budget"] == {"cost": None, "tokens": 1000}
    assert api.get(f"runs/{run['id']}/").json()["end_reason"] is None


def test_a_run_without_a_budget_has_none(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a")])
    assert api.post(f"todos/{todo.pk}/run/", {}).json()["budget"] == {"cost": None, "tokens": None}


def test_a_subtask_shows_the_priority_asked_for_and_how_far_it_has_climbed(api: Api, ada: User) -> None:
    todo = plant(ada, subtasks=[leaf("a", priority=5), leaf("b", priority=1)])
    run = api.post(f"todos/{todo.pk}/run/", {}).json()
    Subtask.objects.filter(key="a").update(priority=3, aged=2)
    shown = api.get(f"runs/{run['id']}/subtasks/a/").json()
    assert (shown["priority"], shown["aged"]) == (5, 2)
