import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.factories import keys, person, plant
from todos import actions
from todos.models import Todo
from todos.principal import Principal, for_person
from todos.problems import Forbidden, Invalid
from todos.rest.reading import read
from todos.wire.inputs import SubtaskIn


def test_a_tree_is_made_of_plain_values_too(ada: User) -> None:
    todo = actions.create(for_person(ada), {"content": "a", "subtasks": [{"content": "b"}]})
    assert (todo.owner, list(keys(todo))) == (ada, ["b"])
    with pytest.raises(Invalid):
        actions.create(for_person(ada), {"content": ""})


def test_only_executors_of_the_principal_are_made(ada: User) -> None:
    reader = Principal(ada.pk, "agent", frozenset({"read", "search"}))
    todo = actions.create(reader, {"content": "a", "executor": {"name": "read", "path": "x"}})
    with pytest.raises(Forbidden) as caught:
        items = [{"content": "b"}, {"content": "c", "executor": {"name": "simulate"}}]
        actions.add(reader, todo, read(list[SubtaskIn], items))
    assert caught.value.problems[0].pointer == "/1/executor"


def test_levels_are_linked_as_they_were_nested(ada: User) -> None:
    todo = plant(ada, subtasks=[{"content": "a", "subtasks": [{"content": "b", "subtasks": [{"content": "c"}]}]}])
    found = keys(todo)
    assert (found["a"].parent, found["b"].parent, found["c"].parent) == (todo, found["a"], found["b"])
    assert {below.root for below in found.values()} == {todo}
    assert [found[key].counts.get("total") for key in "abc"] == [1, 1, None]


@pytest.mark.django_db(transaction=True)
def test_two_who_add_to_one_tree_at_once_take_turns() -> None:
    ada = person("ada", staff=True)
    todo = plant(ada)
    barrier = threading.Barrier(2)
    items = read(list[SubtaskIn], [{"content": "same"}])

    def add() -> None:
        barrier.wait(30)
        for _ in range(5):
            actions.add(for_person(ada), todo, items)
        connection.close()

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    todo.refresh_from_db()
    assert todo.counts["total"] == 10
    positions = Todo.objects.filter(parent=todo).values_list("position", flat=True)
    assert sorted(positions) == list(range(10))
