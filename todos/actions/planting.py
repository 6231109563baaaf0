"""Making todos: a whole tree, or more below a todo that is there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from todos.actions import specs, trees
from todos.actions.inserting import insert
from todos.models import Claim, Dependency, Todo
from todos.plan import rollup
from todos.plan.outline import MAX_DEPTH, Item, OutlineError, Problem, Row, find_cycle, flatten
from todos.principal import Principal
from todos.problems import Conflict, Invalid
from todos.rest.reading import read
from todos.wire.inputs import Spec, SubtaskIn, TodoIn

TOP = ""  # stands for the todo that rows are planted below; no key is empty


@transaction.atomic
def create(by: Principal, spec: TodoIn | Mapping[str, Any]) -> Todo:
    """A todo with all below it, or nothing. A spec may come as plain values. Raises Invalid and Forbidden."""
    wanted = spec if isinstance(spec, TodoIn) else read(TodoIn, spec)
    rows = outline_of(wanted.subtasks)
    _check(by, [("", wanted), *((row.pointer, row.item.data) for row in rows)], {row.key for row in rows})
    root = Todo.objects.create(**_columns(by.owner_id, wanted, _counts(rows).get(TOP), timezone.now()))
    insert(Claim, specs.claims(root.pk, wanted.resources))
    _plant(root, rows, {})
    return root


@transaction.atomic
def add(by: Principal, todo: Todo, items: Sequence[SubtaskIn], *, pointer: str = "", bare: bool = False) -> list[Todo]:
    """More subtasks below a todo, after those it has; the new ones, in order. Raises Invalid, Forbidden and Conflict.

    `pointer` leads to where they were sent; `bare`: the only one was sent without a list around it.
    """
    todo = trees.hold(todo)
    keys = trees.keys_of(todo.tree_id)
    rows = _more(by, todo, items, keys, pointer, bare)
    first = Todo.objects.filter(parent=todo).count()
    for row in rows:
        if row.parent is None:
            row.position += first
    _plant(todo, rows, keys.ids)
    trees.recount(todo.tree_id)
    return list(Todo.objects.filter(parent=todo, position__gte=first).order_by("position"))


def loose(by: Principal, items: Sequence[SubtaskIn], taken: Collection[str], *, bare: bool = False) -> list[Todo]:
    """Todos of no tree, not stored, with keys unlike those `taken`, which they may depend on. Raises Invalid and
    Forbidden as `add` does."""
    rows = outline_of(items, pointer="", bare=bare, taken=taken)
    _check(by, [(row.pointer, row.item.data) for row in rows], {*taken, *(row.key for row in rows)})
    now = timezone.now()
    return [Todo(key=row.key, **_columns(by.owner_id, row.item.data, None, now)) for row in rows]


def preview(by: Principal, todo: Todo, items: Sequence[SubtaskIn], *, pointer: str = "") -> list[Row]:
    """What `add` would make, or what it would raise."""
    return _more(by, todo, items, trees.keys_of(todo.tree_id), pointer, False)


def _more(
    by: Principal, todo: Todo, items: Sequence[SubtaskIn], keys: trees.Keys, pointer: str, bare: bool
) -> list[Row]:
    if todo.status == "in_progress" and not todo.counts:
        raise Conflict("the todo is in progress, so it cannot become a parent", current=todo.status)
    depth, leaves = keys.depth(todo) + 1, keys.leaves_beside(todo)
    rows = outline_of(items, pointer=pointer, bare=bare, taken=keys.ids, depth=depth, leaves=leaves)
    _check(by, [(row.pointer, row.item.data) for row in rows], keys.ids.keys() | {row.key for row in rows})
    _refuse_cycle(keys, todo, rows)
    return rows


def outline_of(
    items: Sequence[SubtaskIn],
    *,
    pointer: str = "/subtasks",
    bare: bool = False,
    taken: Collection[str] = (),
    depth: int = 1,
    leaves: int = 0,
) -> list[Row]:
    """Flat rows with keys; `leaves` are in the tree already. Raises Invalid with every problem."""
    try:
        return flatten(
            [_item(item) for item in items],
            pointer=pointer,
            bare=bare,
            taken=taken,
            depth=depth,
            limit=settings.RUN_MAX_SUBTASKS - leaves,
        )
    except OutlineError as error:
        raise Invalid.outline(error) from error


def _item(subtask: SubtaskIn) -> Item:
    children = tuple(_item(below) for below in subtask.subtasks)
    return Item(subtask.content, subtask.key, tuple(dict.fromkeys(subtask.depends_on)), children, subtask)


def _check(by: Principal, sent: list[tuple[str, TodoIn]], keys: set[str]) -> None:
    specs.refuse_wrong(by, sent, keys)
    wrong = [
        Problem(f"{pointer}/status", "its status follows from its subtasks")
        for pointer, spec in sent
        if spec.subtasks and "status" in spec.model_fields_set
    ]
    if wrong:
        raise Invalid(wrong[0].detail, wrong)


def _refuse_cycle(keys: trees.Keys, todo: Todo, rows: list[Row]) -> None:
    """New rows can only close a cycle through dependencies on what is there already."""
    if not any(need in keys.ids for row in rows for need in row.item.depends_on):
        return
    above = todo.key if todo.root_id else None
    needs = keys.needs | {row.key: list(row.item.depends_on) for row in rows}
    parents = keys.parents | {row.key: row.parent or above for row in rows}
    cycle = find_cycle(needs, parents)
    if cycle:
        where = next(row.pointer for row in rows if row.key in cycle)
        raise Invalid.at(f"{where}/depends_on", "a cycle: " + " → ".join(cycle))


def _counts(rows: list[Row]) -> dict[str, rollup.Counts]:
    """What the parents among the rows, and the todo above them all (TOP), have below them."""
    parents = {row.key: row.parent or TOP for row in rows}
    return rollup.roll_up(parents, {row.key: row.item.data.status for row in rows})


def _columns(owner_id: int, spec: Spec, counts: rollup.Counts | None, now: datetime) -> dict[str, Any]:
    """The columns of a new todo; a parent when it has counts."""
    return specs.columns(spec, [*Todo.spec_fields(), "aggregate"]) | {
        "owner_id": owner_id,
        "resources_known": spec.resources is not None,
        "counts": counts or {},
        "status": str(rollup.status_of(counts) if counts else spec.status),
        "created_at": now,
        "updated_at": now,
    }


def _plant(top: Todo, rows: list[Row], ids: dict[str, int]) -> None:
    """Writes the rows, level by level, since a child needs the id of its parent. `ids` are those of the tree by key;
    the new ones are added.
    """
    counts, now = _counts(rows), timezone.now()
    for depth in range(1, MAX_DEPTH + 1):
        level = [row for row in rows if row.depth == depth]
        insert(
            Todo,
            (
                _columns(top.owner_id, row.item.data, counts.get(row.key), now)
                | {"root_id": top.tree_id, "key": row.key, "position": row.position}
                | {"parent_id": ids[row.parent] if row.parent else top.pk}
                for row in level
            ),
        )
        if level:
            ids.update(Todo.objects.filter(root=top.tree_id).values_list("key", "pk"))
    needs = ((need, row.key) for row in rows for need in row.item.depends_on)
    insert(Dependency, ({"before_id": ids[before], "after_id": ids[after]} for before, after in needs))
    insert(Claim, (claim for row in rows for claim in specs.claims(ids[row.key], row.item.data.resources)))
