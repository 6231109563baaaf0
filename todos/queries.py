"""What can be asked about todos."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import Q, QuerySet

from todos.models import Claim, Dependency, Todo
from todos.plan.rollup import TOTAL, no_counts
from todos.plan.words import Status, lane_of
from todos.principal import Principal
from todos.problems import Missing
from todos.wire.answers import Child, Counts, ResourceAnswer, TodoAnswer, TodoDetail, TodoTree
from todos.wire.inputs import TodoFilters

# The columns of each order word, unique as a whole.
ORDERINGS = {
    "created_at": ("pk",),
    "-created_at": ("-pk",),
    **{name: (name, "pk") for name in ("priority", "position", "content")},
    **{f"-{name}": (f"-{name}", "-pk") for name in ("priority", "position", "content")},
}
FEW = 500
# A leaf counts itself. Shared by all answers: nobody changes one.
_OF_LEAF = {str(status): {**no_counts(), status: 1, TOTAL: 1} for status in Status}


def get(by: Principal, todo_id: int) -> Todo:
    """One todo. Raises Missing when there is none, or it is somebody else's."""
    found = Todo.objects.filter(pk=todo_id, owner=by.owner_id).first()
    if found is None:
        raise Missing("there is no such todo")
    return found


def listed(by: Principal, filters: TodoFilters) -> QuerySet[Todo]:
    rows = Todo.objects.filter(owner=by.owner_id)
    if filters.parent is not None:
        rows = rows.filter(parent=filters.parent)
    if filters.root is not None:
        rows = rows.filter(parent__isnull=filters.root)
    if filters.status is not None:
        rows = rows.filter(status__in=filters.status)
    if filters.priority is not None:
        rows = rows.filter(priority__in=filters.priority)
    if filters.q:
        rows = rows.filter(Q(content__icontains=filters.q) | Q(key=filters.q))
    return rows


def answers(todos: Sequence[Todo]) -> list[TodoAnswer]:
    """As they are answered; two queries, however many there are."""
    return _answers([_row(todo) for todo in todos])


def detail(todo: Todo) -> TodoDetail:
    children = Todo.objects.filter(parent=todo).order_by("position", "pk").values(*_CHILD_COLUMNS)
    return cast(TodoDetail, {**answers([todo])[0], "subtasks": [_child(child) for child in children]})


def trees(todos: Sequence[Todo]) -> list[TodoTree]:
    """Todos of one tree, each with everything below it. None of them may be below another."""
    nodes = cast(list[TodoTree], _answers([*map(_row, todos), *_below(todos)]))
    for node in nodes:
        node["subtasks"] = []
    by_id = {node["id"]: node for node in nodes}
    for node in nodes[len(todos) :]:
        by_id[node["parent"] or ""]["subtasks"].append(node)
    return nodes[: len(todos)]


# ---- rows ----

Row = dict[str, Any]

_COLUMNS = """
    pk key root_id parent_id position content status priority counts executor lane phase estimated_seconds
    timeout_seconds max_retries max_iterations complexity parallelizable assigned_agent inputs rollback verify
    when aggregate resources_known
    version created_at updated_at
""".split()


_CHILD_COLUMNS = ["pk", "key", "content", "status", "priority", "counts"]


def _row(todo: Todo) -> Row:
    return {name: getattr(todo, name) for name in _COLUMNS}


def _below(todos: Sequence[Todo]) -> list[Row]:
    """Everything below, siblings in order: the whole tree at once, or level by level."""
    in_order = Todo.objects.order_by("position", "pk").values(*_COLUMNS)
    if len(todos) == 1 and todos[0].root_id is None:
        return list(in_order.filter(root=todos[0].pk))
    found: list[Row] = []
    level = [todo.pk for todo in todos]
    while level:
        at_once = [level[at : at + FEW] for at in range(0, len(level), FEW)]
        rows = [row for few in at_once for row in in_order.filter(parent__in=few)]
        found += rows
        level = [row["pk"] for row in rows if row["counts"]]
    return found


def _answers(rows: Sequence[Row]) -> list[TodoAnswer]:
    ids = [row["pk"] for row in rows]
    if len(ids) <= FEW:
        links, claims = Dependency.objects.filter(after__in=ids), Claim.objects.filter(todo__in=ids)
    else:
        roots = {row["root_id"] or row["pk"] for row in rows}
        links = Dependency.objects.filter(after__root__in=roots)
        claims = Claim.objects.filter(Q(todo__root__in=roots) | Q(todo__in=roots))
    needs, resources = _needs(links), _resources(claims)
    return [_answer(row, needs.get(row["pk"], []), resources.get(row["pk"], [])) for row in rows]


def _needs(links: QuerySet[Dependency]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for after, key in links.order_by("pk").values_list("after_id", "before__key"):
        found.setdefault(after, []).append(key)
    return found


def _resources(claims: QuerySet[Claim]) -> dict[int, list[ResourceAnswer]]:
    found: dict[int, list[ResourceAnswer]] = {}
    for todo, kind, name, mode, amount in claims.order_by("pk").values_list("todo", "kind", "name", "mode", "amount"):
        found.setdefault(todo, []).append({"kind": kind, "name": name, "mode": mode, "amount": amount})
    return found


def _counts(row: Row) -> Counts:
    return cast(Counts, row["counts"] or _OF_LEAF[row["status"]])


def _child(row: Row) -> Child:
    return {
        "id": str(row["pk"]),
        "key": row["key"],
        "content": row["content"],
        "status": row["status"],
        "priority": row["priority"],
        "counts": _counts(row),
    }


def _answer(row: Row, depends_on: list[str], resources: list[ResourceAnswer]) -> TodoAnswer:
    return {
        "id": str(row["pk"]),
        "key": row["key"] or None,
        "root": str(row["root_id"] or row["pk"]),
        "parent": str(row["parent_id"]) if row["parent_id"] else None,
        "position": row["position"],
        "content": row["content"],
        "status": row["status"],
        "priority": row["priority"],
        "counts": _counts(row),
        "depends_on": depends_on,
        "executor": row["executor"],
        "lane": row["lane"] or lane_of(row["executor"]),
        "phase": row["phase"],
        "estimated_seconds": row["estimated_seconds"],
        "timeout_seconds": row["timeout_seconds"],
        "max_retries": row["max_retries"],
        "max_iterations": row["max_iterations"],
        "complexity": row["complexity"],
        "parallelizable": row["parallelizable"],
        "assigned_agent": row["assigned_agent"] or None,
        "inputs": row["inputs"],
        "rollback": row["rollback"],
        "verify": row["verify"],
        "when": row["when"],
        "aggregate": row["aggregate"],
        "resources": resources if row["resources_known"] else None,
        "version": row["version"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
