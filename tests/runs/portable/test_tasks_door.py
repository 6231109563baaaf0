"""Tasks of a Django project as subtasks: what becomes of the three signals that there are of them.

The signals are Django's; the results are as `django.tasks` makes them, which the Django of these tests does not have.
"""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.dispatch import Signal

from runs.portable import tasks_door
from runs.portable.client import Client
from runs.portable.reporter import Reporter
from tests.runs.portable.test_reporter import listening

WELL = SimpleNamespace(value="SUCCESSFUL")
ILL = SimpleNamespace(value="FAILED")


def a_result(number: str, **more: Any) -> SimpleNamespace:
    task = SimpleNamespace(module_path="shop.tasks.send")
    return SimpleNamespace(**{"id": number, "task": task, "worker_ids": [], "errors": []} | more)


def reports_of(*happened: tuple[str, SimpleNamespace]) -> list[dict[str, Any]]:
    """What is told when these signals are sent."""
    module = ModuleType("signals")
    names = ("task_enqueued", "task_started", "task_finished")
    signals = {name: Signal() for name in names}
    for name in names:
        setattr(module, name, signals[name])
    with listening() as (url, taken):
        reporter = tasks_door.listen([module], Reporter(Client(url, "t"), "tasks shop", "Tasks: shop"))
        for name, result in happened:
            signals[name].send(sender=object, task_result=result)
        assert reporter.flush(5)
    return [
        {name: value for name, value in told.items() if name != "ago_seconds"}
        for body in taken
        for told in body["reports"]
    ]


def test_a_task_waits_begins_and_is_completed() -> None:
    begun = a_result("t1", worker_ids=["w1"])
    told = reports_of(
        ("task_enqueued", a_result("t1")),
        ("task_started", begun),
        ("task_finished", a_result("t1", worker_ids=["w1"], status=WELL)),
    )
    about = {"key": "t1", "content": "shop.tasks.send"}
    assert told == [
        about | {"status": "pending", "only_new": True},
        about | {"status": "in_progress", "agent": "worker w1"},
        about | {"status": "completed", "agent": "worker w1"},
    ]


@pytest.mark.parametrize(
    ("errors", "says"),
    [
        ([], "it failed"),
        (
            [SimpleNamespace(traceback="Traceback\n\nLookupError: no order\n", exception_class_path="x")],
            "LookupError: no order",
        ),
        ([SimpleNamespace(traceback="", exception_class_path="builtins.LookupError")], "builtins.LookupError"),
    ],
)
def test_a_task_that_fails_says_why(errors: list[Any], says: str) -> None:
    (told,) = reports_of(("task_finished", a_result("t1", worker_ids=["w1"], status=ILL, errors=errors)))
    assert (told["status"], told["error"]) == ("failed", says)


def test_where_there_are_no_tasks_that_is_said() -> None:
    with pytest.raises(ImportError, match="neither"):
        tasks_door.follow("http://127.0.0.1:1", "t")
