from collections.abc import Collection
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.factories import keys, plant
from todos import actions
from todos.models import Claim, Dependency, Todo
from todos.principal import for_person
from todos.problems import Conflict, Invalid, Missing, Stale
from todos.rest.reading import read
from todos.wire.inputs import TodoChanges


@pytest.fixture
def top(ada: User) -> Todo:
    """Top: a with a1 and a2, b, c. a2 waits for a1, c for b."""
    return plant(
        ada,
        "top",
        subtasks=[
            {"content": "a", "subtasks": [{"content": "a1"}, {"content": "a2", "depends_on": ["a1"]}]},
            {"content": "b"},
            {"content": "c", "depends_on": ["b"]},
        ],
    )


def change(todo: Todo, versions: Collection[int] | None = None, **fields: Any) -> Todo:
    return actions.edit(for_person(todo.owner), todo, read(TodoChanges, fields), versions)


def refused(todo: Todo, **fields: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        change(todo, **fields)
    assert Todo.objects.get(pk=todo.pk).version == todo.version
    return caught.value.problems[0].pointer, caught.value.problems[0].detail


def order(parent: Todo) -> list[str]:
    children = Todo.objects.filter(parent=parent).order_by("position")
    assert [child.position for child in children] == list(range(len(children)))
    return [child.key for child in children]


def needs(todo: Todo) -> list[str]:
    return list(Dependency.objects.filter(after=todo).order_by("pk").values_list("before__key", flat=True))


FULL: dict[str, Any] = {
    "content": "new",
    "priority": "low",
    "executor": {"name": "simulate", "seconds": 1},
    "lane": "execute",
    "phase": 2,
    "estimated_seconds": 1.5,
    "timeout_seconds": 10,
    "max_retries": 0,
    "max_iterations": 1,
    "complexity": 0.9,
    "parallelizable": False,
    "assigned_agent": "impl-1",
    "rollback": {"name": "read", "path": "x"},
}


def test_every_field_of_the_spec_can_be_changed(top: Todo) -> None:
    changed = change(keys(top)["b"], **FULL)
    changed.refresh_from_db()
    assert {name: getattr(changed, name) for name in FULL} == FULL | {"priority": 5}
    assert changed.version == 2


def test_what_is_left_out_of_a_change_stays(top: Todo) -> None:
    change(keys(top)["b"], **FULL)
    changed = change(keys(top)["b"], executor=None, lane=None, assigned_agent=None)
    assert (changed.executor, changed.lane, changed.assigned_agent) == (None, "", "")
    assert (changed.content, changed.priority, changed.phase, changed.version) == ("new", 5, 2, 3)


def test_a_change_of_another_version_is_refused(top: Todo) -> None:
    assert change(top, {1}, content="new").version == 2
    with pytest.raises(Stale):
        change(top, {1}, content="newer")
    with pytest.raises(Stale):
        change(top, set(), content="newer")
    assert change(top, {1, 2}, content="newest").content == "newest"


def test_a_todo_that_is_gone_cannot_be_changed(top: Todo) -> None:
    gone = keys(top)["b"]
    Dependency.objects.all().delete()
    Todo.objects.filter(pk=gone.pk).delete()
    with pytest.raises(Missing):
        change(gone, content="new")


# ---- status ----


def test_a_status_is_counted_all_the_way_up(top: Todo) -> None:
    change(keys(top)["a1"], status="completed")
    top.refresh_from_db()
    assert (keys(top)["a"].status, top.status) == ("in_progress", "in_progress")
    assert top.counts["completed"] == 1
    assert keys(top)["a"].counts == top.counts | {"total": 2, "pending": 1}
    for key in ("a2", "b", "c"):
        change(keys(top)[key], status="skipped")
    top.refresh_from_db()
    assert (keys(top)["a"].status, top.status) == ("completed", "completed")


def test_a_todo_without_subtasks_keeps_its_own_status(ada: User) -> None:
    todo = plant(ada)
    assert change(todo, status="completed").status == "completed"
    todo.refresh_from_db()
    assert (todo.status, todo.counts) == ("completed", {})


def test_the_status_of_a_parent_cannot_be_set(top: Todo) -> None:
    assert refused(top, status="completed") == ("/status", "its status follows from its subtasks")
    assert refused(keys(top)["a"], status="pending")[0] == "/status"


# ---- dependencies, resources, inputs ----


def test_dependencies_are_replaced_as_a_whole(top: Todo) -> None:
    change(keys(top)["c"], depends_on=["a", "a1", "a"])
    assert needs(keys(top)["c"]) == ["a", "a1"]
    change(keys(top)["c"], depends_on=[])
    assert needs(keys(top)["c"]) == []
    assert needs(keys(top)["a2"]) == ["a1"]


@pytest.mark.parametrize(
    ("key", "depends_on", "path"),
    [
        ("b", ["c"], {"b", "c"}),
        ("b", ["b"], {"b"}),
        ("a1", ["a2"], {"a1", "a2"}),
        ("a1", ["a"], {"a1", "a"}),
        ("a", ["a1"], {"a1", "a"}),
    ],
)
def test_a_dependency_that_closes_a_cycle_is_refused(
    top: Todo, key: str, depends_on: list[str], path: set[str]
) -> None:
    pointer, detail = refused(keys(top)[key], depends_on=depends_on)
    shown = detail.removeprefix("a cycle: ").split(" → ")
    assert (pointer, set(shown), shown[0]) == ("/depends_on", path, shown[-1])
    assert needs(keys(top)["c"]) == ["b"]


def test_a_dependency_on_nothing_names_its_key(top: Todo) -> None:
    pointer, detail = refused(keys(top)["b"], depends_on=["a", "x"])
    assert (pointer, detail) == ("/depends_on/1", "there is no subtask with the key 'x'")


def test_the_top_of_a_tree_depends_on_nothing(top: Todo) -> None:
    assert refused(top, depends_on=["a"])[0] == "/depends_on"


def test_keys_of_another_tree_are_unknown(top: Todo, ada: User) -> None:
    plant(ada, subtasks=[{"content": "x", "key": "elsewhere"}])
    assert refused(keys(top)["b"], depends_on=["elsewhere"])[0] == "/depends_on/0"


def test_resources_are_replaced_as_a_whole(top: Todo) -> None:
    todo = keys(top)["b"]
    change(todo, resources=[{"kind": "file", "name": "x"}, {"kind": "memory", "name": "ram", "amount": 512}])
    change(todo, resources=[{"kind": "file", "name": "y", "mode": "read"}])
    assert list(Claim.objects.values_list("todo", "kind", "name", "mode")) == [(todo.pk, "file", "y", "read")]
    assert keys(top)["b"].resources_known
    change(todo, resources=None)
    assert not Claim.objects.exists()
    assert not keys(top)["b"].resources_known


def test_inputs_name_keys_of_the_tree(top: Todo) -> None:
    change(keys(top)["b"], inputs={"x": {"from": "a1"}})
    assert keys(top)["b"].inputs == {"x": {"from": "a1", "pointer": ""}}
    assert refused(keys(top)["c"], inputs={"x": {"from": "gone"}})[0] == "/inputs/x/from"


# ---- place ----


@pytest.mark.parametrize(
    ("key", "position", "expected"),
    [
        ("a", 0, "a b c d e"),
        ("a", 1, "b a c d e"),
        ("a", 4, "b c d e a"),
        ("e", 0, "e a b c d"),
        ("c", 3, "a b d c e"),
        ("c", 1, "a c b d e"),
        ("b", 2_000_000, "a c d e b"),
    ],
)
def test_a_subtask_is_put_at_a_place_among_its_siblings(ada: User, key: str, position: int, expected: str) -> None:
    top = plant(ada, subtasks=[{"content": name} for name in "abcde"])
    changed = change(keys(top)[key], position=position)
    assert order(top) == expected.split()
    assert changed.position == expected.split().index(key)


def test_a_subtask_moves_below_another_one(top: Todo) -> None:
    moved = change(keys(top)["b"], parent=str(keys(top)["a"].pk))
    assert (moved.parent_id, moved.position) == (keys(top)["a"].pk, 2)
    assert (order(top), order(keys(top)["a"])) == (["a", "c"], ["a1", "a2", "b"])
    moved = change(keys(top)["a1"], parent=str(top.pk), position=0)
    assert (order(top), order(keys(top)["a"])) == (["a1", "a", "c"], ["a2", "b"])


def test_a_parent_that_loses_its_last_subtask_is_a_leaf(ada: User) -> None:
    top = plant(ada, subtasks=[{"content": "a", "subtasks": [{"content": "x", "status": "failed"}]}, {"content": "b"}])
    change(keys(top)["x"], parent=str(keys(top)["b"].pk))
    found = keys(top)
    assert (found["a"].counts, found["a"].status) == ({}, "failed")
    assert (found["b"].counts["failed"], found["b"].status) == (1, "failed")
    top.refresh_from_db()
    assert top.counts["total"] == 2


def test_nothing_moves_below_itself(top: Todo) -> None:
    found = keys(top)
    assert refused(found["a"], parent=str(found["a2"].pk)) == ("/parent", "a cycle: a → a2 → a")
    assert refused(found["a"], parent=str(found["a"].pk)) == ("/parent", "a cycle: a → a")


def test_a_move_may_not_close_a_cycle_of_dependencies(top: Todo) -> None:
    change(keys(top)["b"], depends_on=["a"])
    pointer, detail = refused(keys(top)["c"], parent=str(keys(top)["a"].pk))
    assert (pointer, detail.startswith("a cycle: ")) == ("/parent", True)


def test_a_move_keeps_to_the_depth_of_a_tree(ada: User) -> None:
    deep: dict[str, Any] = {"content": "5", "key": "k5"}
    for level in range(4, 0, -1):
        deep = {"content": str(level), "key": f"k{level}", "subtasks": [deep]}
    top = plant(ada, subtasks=[deep, {"content": "x", "subtasks": [{"content": "y"}]}])
    assert refused(keys(top)["x"], parent=str(keys(top)["k4"].pk)) == ("/parent", "subtasks nest at most 5 deep")
    assert change(keys(top)["x"], parent=str(keys(top)["k3"].pk)).parent == keys(top)["k3"]
    assert refused(keys(top)["y"], parent=str(keys(top)["k5"].pk))[0] == "/parent"


def test_a_todo_stays_in_its_tree(top: Todo, ada: User, eve: User) -> None:
    elsewhere, theirs = plant(ada), plant(eve) if eve.is_staff else plant(ada)
    for target in (elsewhere.pk, theirs.pk, 999_999):
        assert refused(keys(top)["b"], parent=str(target)) == ("/parent", "there is no such todo in its tree")
    assert refused(top, parent=str(elsewhere.pk))[0] == "/parent"
    assert refused(top, position=1)[0] == "/position"


def test_a_leaf_in_progress_takes_no_subtasks(top: Todo) -> None:
    change(keys(top)["b"], status="in_progress")
    with pytest.raises(Conflict):
        change(keys(top)["c"], parent=str(keys(top)["b"].pk))


def test_a_move_to_where_it_is_changes_no_order(top: Todo) -> None:
    change(keys(top)["b"], parent=str(top.pk))
    assert order(top) == ["a", "b", "c"]


def test_a_refused_change_changes_nothing(top: Todo) -> None:
    todo = keys(top)["b"]
    with pytest.raises(Invalid):
        change(todo, content="new", resources=[{"kind": "file", "name": "x"}], parent=str(top.pk), depends_on=["c"])
    todo.refresh_from_db()
    assert (todo.content, todo.version, Claim.objects.count()) == ("b", 1, 0)
