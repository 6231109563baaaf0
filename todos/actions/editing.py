"""Changing one todo: its spec, its status, what it depends on and claims, and its place in the tree."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F

from todos.actions import specs, trees
from todos.actions.inserting import insert
from todos.models import Claim, Dependency, Todo
from todos.plan.outline import MAX_DEPTH, Problem, find_cycle
from todos.principal import Principal
from todos.problems import Conflict, Invalid, Stale
from todos.wire.inputs import TodoChanges


@transaction.atomic
def edit(by: Principal, todo: Todo, changes: TodoChanges, versions: Collection[int] | None = None) -> Todo:
    """The todo, changed in the fields that were sent. `versions`: those it may have now; None for any.

    Raises Stale when it has another, Invalid, Forbidden, and Conflict.
    """
    todo = trees.hold(todo)
    if versions is not None and todo.version not in versions:
        raise Stale(f"the todo is at version {todo.version}")
    sent = changes.model_fields_set
    keys = trees.keys_of(todo.tree_id) if sent & {"depends_on", "parent", "inputs"} else None
    specs.refuse_wrong(by, [("", changes)], keys.ids if keys else ())
    for name, value in specs.columns(changes, sent & {*Todo.spec_fields(), "aggregate"}).items():
        setattr(todo, name, value)
    if "status" in sent:
        _set_status(todo, changes.status)
    if keys and "depends_on" in sent:
        _depend(todo, changes.depends_on, keys)
    if "resources" in sent:
        _claim(todo, changes)
    if keys and "parent" in sent:
        _move(todo, changes.parent, keys)
    if "position" in sent:
        _place(todo, changes.position)
    todo.version += 1
    todo.save()
    if sent & {"status", "parent"}:
        trees.recount(todo.tree_id)
        todo.refresh_from_db()
    return todo


def _set_status(todo: Todo, status: str) -> None:
    if todo.counts:
        raise Invalid.at("/status", "its status follows from its subtasks")
    todo.status = status


def _claim(todo: Todo, changes: TodoChanges) -> None:
    todo.resources_known = changes.resources is not None
    todo.claims.all().delete()
    insert(Claim, specs.claims(todo.pk, changes.resources))


def _depend(todo: Todo, wanted: list[str], keys: trees.Keys) -> None:
    if todo.root_id is None:
        raise Invalid.at("/depends_on", "the top of a tree depends on nothing")
    unknown = [
        Problem(f"/depends_on/{at}", f"there is no subtask with the key {key!r}")
        for at, key in enumerate(wanted)
        if key not in keys.ids
    ]
    if unknown:
        raise Invalid(unknown[0].detail, unknown)
    keys.needs[todo.key] = list(dict.fromkeys(wanted))
    _refuse_cycle("/depends_on", keys)
    todo.needs.all().delete()
    insert(Dependency, ({"before_id": keys.ids[key], "after_id": todo.pk} for key in keys.needs[todo.key]))


def _refuse_cycle(pointer: str, keys: trees.Keys) -> None:
    cycle = find_cycle(keys.needs, keys.parents)
    if cycle:
        raise Invalid.at(pointer, "a cycle: " + " → ".join(cycle))


def _move(todo: Todo, parent_id: int, keys: trees.Keys) -> None:
    """Puts it below another todo of its tree, after what is there."""
    if todo.root_id is None:
        raise Invalid.at("/parent", "this is the top of a tree; it stays there")
    if parent_id == todo.parent_id:
        return
    parent = Todo.objects.filter(pk=parent_id).first()
    if parent is None or parent.tree_id != todo.root_id:
        raise Invalid.at("/parent", "there is no such todo in its tree")
    if parent.status == "in_progress" and not parent.counts:
        raise Conflict("that todo is in progress, so it cannot become a parent", current=parent.status)
    _refuse_loop(todo, parent, keys)
    height = _height(todo, keys)
    if keys.depth(parent) + height > MAX_DEPTH:
        raise Invalid.at("/parent", f"subtasks nest at most {MAX_DEPTH} deep")
    keys.parents[todo.key] = parent.key if parent.root_id else None
    _refuse_cycle("/parent", keys)
    Todo.objects.filter(parent=todo.parent_id, position__gt=todo.position).update(position=F("position") - 1)
    todo.position = Todo.objects.filter(parent=parent).count()
    todo.parent = parent


def _refuse_loop(todo: Todo, parent: Todo, keys: trees.Keys) -> None:
    """Nothing can be below itself."""
    path = [parent.key] if parent.root_id else []
    while path and path[-1] != todo.key and (above := keys.parents[path[-1]]) is not None:
        path.append(above)
    if path and path[-1] == todo.key:
        raise Invalid.at("/parent", "a cycle: " + " → ".join([todo.key, *path]))


def _height(todo: Todo, keys: trees.Keys) -> int:
    """How many levels it and what is below it take."""
    children: dict[str | None, list[str]] = {}
    for key, parent in keys.parents.items():
        children.setdefault(parent, []).append(key)
    height, level = 0, [todo.key]
    while level:
        height, level = height + 1, [child for key in level for child in children.get(key, ())]
    return height


def _place(todo: Todo, position: int) -> None:
    """Puts it at a place among its siblings, the last one if there are not so many."""
    if todo.root_id is None:
        raise Invalid.at("/position", "the top of a tree has no siblings")
    others = Todo.objects.filter(parent=todo.parent_id).exclude(pk=todo.pk)
    position = min(position, others.count())
    others.filter(position__gt=todo.position).update(position=F("position") - 1)
    others.filter(position__gte=position).update(position=F("position") + 1)
    todo.position = position
