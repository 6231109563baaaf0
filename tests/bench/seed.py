"""Todos to measure with."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from todos.models import Dependency, Todo


@transaction.atomic
def simulated(owner: User, needs: Mapping[str, list[str]], *, seconds: float) -> Todo:
    """A todo with one simulated subtask a key, each taking that long and needing those named."""
    return tree(owner, {key: {"executor": {"name": "simulate", "seconds": seconds}} for key in needs}, needs)


def tree(owner: User, specs: Mapping[str, Mapping[str, Any]], needs: Mapping[str, list[str]]) -> Todo:
    """A todo with one subtask a key. Written straight into the tables: making todos is not what is measured."""
    top = Todo.objects.create(owner=owner, content="Measure")
    rows = [
        Todo(owner=owner, root=top, parent=top, key=key, position=at, content=f"Do {key}", **spec)
        for at, (key, spec) in enumerate(specs.items())
    ]
    made = {todo.key: todo for todo in Todo.objects.bulk_create(rows, batch_size=500)}
    links = (Dependency(before=made[need], after=made[key]) for key, before in needs.items() for need in before)
    Dependency.objects.bulk_create(links, batch_size=500)
    return top
