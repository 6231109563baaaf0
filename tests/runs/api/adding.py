"""Adding subtasks to a run under way: what the tests of it are made with."""

from typing import Any

from django.contrib.auth.models import User

from runs import actions
from runs.verify import verify
from tests.factories import Api, plant
from tests.scenes import Scene

WORK = {"name": "simulate", "seconds": 10}
Json = dict[str, Any]


def one(key: str | None = None, **more: Any) -> Json:
    return {"content": key or "more", "executor": WORK, **({"key": key} if key else {}), **more}


def scene(owner: User, *subtasks: Json, **options: Any) -> Scene:
    run = actions.start(plant(owner, subtasks=list(subtasks)), actions.Options(strategy="parallel", **options))
    return Scene(run, run.updated_at)


def add(api: Api, there: Scene, *subtasks: Json, status: int = 201) -> Any:
    response = api.post(f"runs/{there.run_id}/subtasks/", list(subtasks))
    assert response.status_code == status, response.content
    return response.json()


def clean(there: Scene) -> bool:
    return [found for found in verify(None, there.now) if found.count] == []
