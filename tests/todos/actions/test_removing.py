import pytest
from django.contrib.auth.models import User

from runs.models import Run
from tests.factories import keys, plant
from todos import actions
from todos.models import Dependency, Todo
from todos.problems import Conflict


@pytest.fixture
def top(ada: User) -> Todo:
    return plant(
        ada,
        subtasks=[
            {"content": "a", "subtasks": [{"content": "a1"}, {"content": "a2", "status": "completed"}]},
            {"content": "b", "depends_on": ["a1"]},
            {"content": "c", "inputs": {"x": {"from": ["b"]}}},
        ],
    )


def test_a_subtask_goes_with_all_below_it(top: Todo) -> None:
    actions.delete(keys(top)["a"])
    assert {key: todo.position for key, todo in keys(top).items()} == {"b": 0, "c": 1}
    assert not Dependency.objects.exists()
    top.refresh_from_db()
    assert (top.counts["total"], top.counts["completed"], top.status) == (2, 0, "pending")


def test_a_parent_whose_last_subtask_goes_is_a_leaf(ada: User) -> None:
    top = plant(ada, subtasks=[{"content": "a", "status": "failed"}])
    actions.delete(keys(top)["a"])
    top.refresh_from_db()
    assert (top.counts, top.status) == ({}, "failed")


def test_what_is_in_progress_is_not_deleted(top: Todo) -> None:
    Todo.objects.filter(key="a1").update(status="in_progress")
    for todo in (keys(top)["a1"], keys(top)["a"], top):
        with pytest.raises(Conflict) as caught:
            actions.delete(todo)
        assert caught.value.current == "in_progress"
    assert len(keys(top)) == 5


def test_a_parent_that_has_begun_can_be_deleted(top: Todo) -> None:
    top.refresh_from_db()
    assert top.status == "in_progress"
    actions.delete(top)
    assert not Todo.objects.exists()


def test_what_others_take_as_input_is_not_deleted(top: Todo) -> None:
    with pytest.raises(Conflict, match="'c' takes the result of 'b'"):
        actions.delete(keys(top)["b"])
    actions.delete(keys(top)["c"])
    actions.delete(keys(top)["b"])


def test_runs_outlive_their_todo(top: Todo, ada: User) -> None:
    run = Run.objects.create(owner=ada, todo=top, content="a run")
    actions.delete(top)
    run.refresh_from_db()
    assert run.todo is None
