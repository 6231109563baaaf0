"""A tree as a whole: held while it is changed, read as rows, counted again afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from todos.models import Dependency, Todo
from todos.plan.rollup import Counts, roll_up, status_of
from todos.problems import Missing

_PARENT = "UPDATE todos_todo SET counts = %s, status = %s, updated_at = %s WHERE id = %s"
_STATUS = "UPDATE todos_todo SET status = %s, updated_at = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Row:
    """What a change needs to know of every todo of a tree."""

    key: str
    parent: int | None
    status: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Keys:
    """A tree by key, without its root: ids, the parent of each (None at the top), and what each depends on."""

    ids: dict[str, int]
    parents: dict[str, str | None]
    needs: dict[str, list[str]]

    def depth(self, todo: Todo) -> int:
        """How deep a todo of this tree is: 0 for its root."""
        depth, key = 0, todo.key if todo.root_id else None
        while key is not None:
            depth, key = depth + 1, self.parents[key]
        return depth

    def leaves_beside(self, todo: Todo) -> int:
        """How many leaves there are, not counting this todo, which may be one."""
        parents = {parent for parent in self.parents.values() if parent is not None}
        return sum(1 for key in self.ids if key not in parents and key != todo.key)


def hold(todo: Todo) -> Todo:
    """The todo as it stands, its tree held until the transaction ends. Raises Missing when it is gone."""
    list(Todo.objects.select_for_update().filter(pk=todo.tree_id).values_list("pk"))
    found = Todo.objects.filter(pk=todo.pk).first()
    if found is None:
        raise Missing("there is no such todo")
    return found


def rows_of(root_id: int) -> dict[int, Row]:
    """Every todo of a tree, its root too, by id."""
    found = Todo.objects.filter(pk=root_id) | Todo.objects.filter(root=root_id)
    columns = found.order_by("pk").values_list("pk", "key", "parent_id", "status", "counts")
    return {pk: Row(*values) for pk, *values in columns}


def keys_of(root_id: int) -> Keys:
    rows = rows_of(root_id)
    del rows[root_id]
    needs: dict[str, list[str]] = {}
    links = Dependency.objects.filter(after__root=root_id).order_by("pk").values_list("after_id", "before_id")
    for after, before in links:
        needs.setdefault(rows[after].key, []).append(rows[before].key)
    parents = {row.key: rows[row.parent].key if row.parent in rows else None for row in rows.values()}
    return Keys({row.key: pk for pk, row in rows.items()}, parents, needs)


def below(todo: Todo) -> dict[int, Row]:
    """A todo and everything below it, by id."""
    rows = rows_of(todo.tree_id)
    children: dict[int | None, list[int]] = {}
    for pk, row in rows.items():
        children.setdefault(row.parent, []).append(pk)
    found = [todo.pk]
    for pk in found:
        found.extend(children.get(pk, ()))
    return {pk: rows[pk] for pk in found}


def recount(root_id: int, statuses: Mapping[int, str] | None = None) -> None:
    """Counts the leaves of a tree again and writes what has changed: counts and statuses of parents.

    `statuses`: what todos of the tree get first, by id.
    """
    rows = rows_of(root_id)
    now = timezone.now()
    given = {pk: str(word) for pk, word in (statuses or {}).items() if pk in rows and rows[pk].status != word}
    _each(_STATUS, [(word, now, pk) for pk, word in given.items()])
    stand = {pk: given.get(pk, row.status) for pk, row in rows.items()}
    counts = roll_up({pk: row.parent for pk, row in rows.items()}, stand)
    changed = []
    for pk, row in rows.items():
        found = counts.get(pk, {})
        status = str(status_of(found)) if found else stand[pk]
        if (found, status) != (row.counts, stand[pk]):
            changed.append((json.dumps(found), status, now, pk))
    _each(_PARENT, changed)


def _each(sql: str, rows: list[tuple]) -> None:
    """One prepared statement for all rows: far quicker than a statement that names them all."""
    adapt = connection.ops.adapt_datetimefield_value
    adapted = [[adapt(value) if isinstance(value, datetime) else value for value in row] for row in rows]
    if adapted:
        with connection.cursor() as cursor:
            cursor.executemany(sql, adapted)
