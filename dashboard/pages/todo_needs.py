"""Picking what a todo needs: what is chosen, and others of its tree that could be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from dashboard.pages import todo_tree
from todos.models import Dependency, Todo

OFFERED = 30


@dataclass(frozen=True, slots=True)
class Picker:
    """`chosen` and `offered` are todos of the tree; `total` of them could be offered."""

    chosen: Sequence[Todo]
    offered: Sequence[Todo]
    total: int
    text: str
    error: str


def chosen(todo: Todo) -> list[str]:
    """Keys of what it needs now."""
    return list(todo.needs.order_by("pk").values_list("before__key", flat=True))


def picker(todo: Todo, keys: Sequence[str], text: str, error: str) -> Picker:
    """What is above or below it cannot be needed by it and is not offered."""
    text = text.strip()[:200].replace("\x00", "")
    tree = Todo.objects.filter(root=todo.tree_id).order_by("parent_id", "position")
    picked = list(tree.filter(key__in=list(keys)[:900]))
    kin = [todo.pk, *_above(todo)]
    free = tree.exclude(pk__in=kin).exclude(pk__in=todo_tree.all_below(todo).values("pk"))
    free = free.exclude(pk__in=[one.pk for one in picked])
    if text:
        free = free.filter(Q(content__icontains=text) | Q(key__icontains=text))
    return Picker(picked, list(free[:OFFERED]), free.count(), text, error)


def _above(todo: Todo) -> list[int]:
    found = []
    while todo.parent is not None:
        todo = todo.parent
        found.append(todo.pk)
    return found


def left_without(todo: Todo) -> dict[str, Any]:
    """What stays and loses something when this is deleted: todos beyond it that need it or what is below it."""
    doomed = Todo.objects.filter(Q(pk=todo.pk) | Q(pk__in=todo_tree.all_below(todo).values("pk")))
    links = Dependency.objects.filter(before__in=doomed).exclude(after__in=doomed)
    keys = links.order_by("after_id").values_list("after__key", flat=True).distinct()
    return {"needed_by": list(keys[:5]), "needed_by_count": keys.count()}
