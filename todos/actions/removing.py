"""Deleting a todo deletes all below it."""

from django.db import transaction
from django.db.models import F

from todos.actions import trees
from todos.models import Todo
from todos.plan.inputs import keys as input_keys
from todos.problems import Conflict


@transaction.atomic
def delete(todo: Todo) -> None:
    """Raises Conflict while a leaf of it is in progress, or when what stays takes its result as input."""
    todo = trees.hold(todo)
    doomed = trees.below(todo)
    if any(row.status == "in_progress" and not row.counts for row in doomed.values()):
        raise Conflict("it is in progress: cancel its run, or give it another status", current="in_progress")
    if todo.root_id is not None:
        _refuse_if_used(todo.root_id, doomed)
        Todo.objects.filter(parent=todo.parent_id, position__gt=todo.position).update(position=F("position") - 1)
    todo.delete()
    if todo.root_id is not None:
        trees.recount(todo.root_id)


def _refuse_if_used(root_id: int, doomed: dict[int, trees.Row]) -> None:
    keys = {row.key for row in doomed.values()}
    takers = Todo.objects.filter(root=root_id, inputs__isnull=False).order_by("pk").values_list("pk", "key", "inputs")
    for pk, key, inputs in takers:
        taken = sorted(input_keys(inputs or {}) & keys)
        if taken and pk not in doomed:
            raise Conflict(f"{key!r} takes the result of {taken[0]!r} as input", current=key)
