"""Todos follow the runs that were made of them."""

from collections.abc import Mapping

from django.db import transaction

from todos.actions import trees
from todos.models import Todo


@transaction.atomic
def follow(todo_id: int | None, statuses: Mapping[int, str]) -> None:
    """Takes over the statuses that a run gave to todos, by id, and counts again. None: the todo was deleted meanwhile.

    What the run says of a todo that has become a parent since does not count: its status follows from its leaves.
    """
    todo = Todo.objects.filter(pk=todo_id).first() if todo_id else None
    if todo is None:
        return
    trees.hold(todo)
    trees.recount(todo.tree_id, statuses)
