"""Todos see what their runs do, while they do it and at the end."""

import pytest

from runs.orchestrating.mirror import REST, Mirror
from runs.reports import Said
from tests.runs.factories import Work, work
from todos.models import Todo

pytestmark = pytest.mark.django_db


def seen(made: Work) -> dict[str, str]:
    """The statuses of the todos of a run; that of the whole under ""."""
    return dict(Todo.objects.filter(owner=made.run.owner).values_list("key", "status"))


def test_a_todo_shows_what_its_run_is_doing() -> None:
    made = work({"x": {}, "y": {}})
    mirror = Mirror(lambda: 0.0)
    lease = made.begin("x")
    mirror.show()
    assert seen(made) == {"": "in_progress", "x": "in_progress", "y": "pending"}
    made.say(Said.COMPLETE, lease)
    mirror.show()
    assert seen(made) == {"": "in_progress", "x": "completed", "y": "pending"}


def test_only_what_changed_since_the_last_look_is_written() -> None:
    made = work({"x": {}, "y": {}})
    mirror = Mirror(lambda: 0.0)
    made.do("x")
    mirror.show()
    Todo.objects.filter(key="x").update(status="pending")  # somebody says otherwise meanwhile
    made.begin("y")
    mirror.show()
    assert seen(made) == {"": "in_progress", "x": "pending", "y": "in_progress"}


def test_how_far_a_subtask_is_changes_no_todo() -> None:
    made = work({"x": {}})
    mirror = Mirror(lambda: 0.0)
    lease = made.begin("x")
    mirror.show()
    Todo.objects.filter(key="x").update(status="pending")  # somebody says otherwise meanwhile
    made.say(Said.BEAT, lease, progress=0.5)
    mirror.show()
    assert seen(made) == {"": "in_progress", "x": "pending"}


def test_a_look_that_took_long_is_followed_by_a_rest() -> None:
    made = work({"x": {}, "y": {}})
    times = iter([0.0, 0.5, REST * 0.5 - 0.1, REST * 0.5, REST * 0.5])
    mirror = Mirror(lambda: next(times))
    mirror.show()
    made.begin("x")
    mirror.show()
    assert seen(made)["x"] == "pending"
    mirror.show()
    assert seen(made)["x"] == "in_progress"
