from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import keys, plant
from todos import actions
from todos.models import Todo


@pytest.fixture
def top(ada: User) -> Todo:
    return plant(ada, subtasks=[{"content": "p", "subtasks": [{"content": "a"}, {"content": "b"}]}, {"content": "c"}])


def follow(top: Todo, **statuses: str) -> None:
    actions.follow(top.pk, {keys(top)[key].pk: status for key, status in statuses.items()})
    top.refresh_from_db()


def test_todos_take_over_what_a_run_says(top: Todo) -> None:
    follow(top, a="completed", b="in_progress")
    assert {key: todo.status for key, todo in keys(top).items()} == {
        "p": "in_progress",
        "a": "completed",
        "b": "in_progress",
        "c": "pending",
    }
    assert (top.status, top.counts["completed"], top.counts["in_progress"]) == ("in_progress", 1, 1)
    follow(top, a="completed", b="completed", c="skipped")
    assert (top.status, keys(top)["p"].status) == ("completed", "completed")


def test_a_todo_without_subtasks_follows_its_own_run(ada: User) -> None:
    todo = plant(ada)
    actions.follow(todo.pk, {todo.pk: "failed"})
    todo.refresh_from_db()
    assert (todo.status, todo.counts) == ("failed", {})


def test_a_run_of_a_part_counts_up_to_the_top(top: Todo) -> None:
    part = keys(top)["p"]
    actions.follow(part.pk, {keys(top)["a"].pk: "failed"})
    top.refresh_from_db()
    assert (top.counts["failed"], top.status) == (1, "in_progress")


def test_a_parent_follows_its_leaves_whatever_a_run_says_of_it(top: Todo) -> None:
    follow(top, p="completed")
    assert (keys(top)["p"].status, top.status) == ("pending", "pending")


def test_todos_of_other_trees_are_left_alone(top: Todo, ada: User) -> None:
    other = plant(ada, subtasks=[{"content": "x"}])
    actions.follow(top.pk, {keys(other)["x"].pk: "completed", 999_999: "completed"})
    assert keys(other)["x"].status == "pending"


def test_a_todo_that_was_deleted_follows_nothing(top: Todo) -> None:
    actions.follow(None, {1: "completed"})
    actions.follow(999_999, {keys(top)["a"].pk: "completed"})
    assert keys(top)["a"].status == "pending"


def test_what_has_not_changed_is_not_written(top: Todo) -> None:
    follow(top, a="completed")
    Todo.objects.update(updated_at=top.created_at - timedelta(days=1))
    follow(top, a="completed")
    assert set(Todo.objects.values_list("updated_at", flat=True)) == {top.created_at - timedelta(days=1)}


def test_following_leaves_the_version_alone(top: Todo) -> None:
    follow(top, a="completed")
    assert top.version == 1


def test_ten_or_a_thousand_statuses_take_the_same_statements(ada: User) -> None:
    def statements(size: int) -> int:
        top = plant(ada, subtasks=[{"content": "x"} for _ in range(size)])
        statuses = {todo.pk: "completed" for todo in keys(top).values()}
        with CaptureQueriesContext(connection) as captured:
            actions.follow(top.pk, statuses)
        top.refresh_from_db()
        assert top.counts["completed"] == size
        return len(captured)

    assert statements(10) == statements(1_000)
