"""A run as a task of A2A."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import actions
from runs.insight import a2a
from runs.models import Run
from tests.factories import Api, plant


def a_run(ada: User, **values: Any) -> Run:
    run = actions.start(plant(ada, subtasks=[{"content": "a"}, {"content": "b"}]), actions.Options())
    Run.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"status": "pending"}, "SUBMITTED"),
        ({"status": "running"}, "WORKING"),
        ({"status": "paused"}, "WORKING"),
        ({"status": "running", "questions": 1}, "INPUT_REQUIRED"),
        ({"status": "running", "asking": 1}, "INPUT_REQUIRED"),
        ({"status": "completed"}, "COMPLETED"),
        ({"status": "failed"}, "FAILED"),
        ({"status": "cancelled", "questions": 1}, "CANCELED"),
    ],
)
def test_every_state_has_its_word(ada: User, values: dict[str, Any], state: str) -> None:
    assert a2a.task(a_run(ada, **values))["status"]["state"] == f"TASK_STATE_{state}"


def test_the_result_is_an_artifact(ada: User) -> None:
    run = a_run(ada, status="completed", result={"files": 3})
    (artifact,) = a2a.task(run)["artifacts"]
    assert artifact["parts"] == [{"data": {"files": 3}, "mediaType": "application/json"}]


def test_it_is_read_by_its_number(ada: User, api: Api) -> None:
    run = a_run(ada, status="running", completed=1, pending=1)
    task = api.get(f"a2a/tasks/{run.pk}").json()
    assert (task["id"], task["contextId"], task["metadata"]["counts"]["total"]) == (
        str(run.pk),
        f"todo-{run.todo_id}",
        2,
    )
    assert task["status"]["message"]["parts"] == [{"text": "1 of 2 completed"}]
