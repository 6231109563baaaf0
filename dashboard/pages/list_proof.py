"""What "Prove it" sets beside a list on the screen: for each of its rows what is kept, and what the rows below it say
when they are counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from dashboard.pages import todo_list
from runs.models import Run, Subtask
from runs.verify.base import one_state
from todos.models import Todo
from todos.plan.rollup import TOTAL
from todos.plan.words import Status

MOST = 100  # rows a page has at most
WHOLE = "all"
COUNTED = {
    TOTAL: "Subtasks",
    "completed": "Completed",
    "in_progress": "In progress",
    "pending": "Pending",
    "failed": "Failed",
}

Numbers = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ListProof:
    """Numbers of each row by its id, on one state of the database."""

    names: Mapping[str, str]
    kept: Mapping[str, Numbers]
    counted: Mapping[str, Numbers]

    def answer(self) -> dict[str, Any]:
        return {"names": self.names, "kept": self.kept, "counted": self.counted}


def runs(found: QuerySet[Run]) -> ListProof:
    with one_state():
        rows = {run.pk: run for run in found.only(*COUNTED)}
        by_status = Subtask.objects.filter(run__in=rows).values_list("run", "status").annotate(Count("pk")).order_by()
        counted = _summed(rows, list(by_status))
    return _of(rows, lambda run: {name: getattr(run, name) for name in COUNTED}, counted)


def todos(found: QuerySet[Todo]) -> ListProof:
    """Counts the leaves of each tree; a todo without subtasks is its own."""
    with one_state():
        rows = {todo.pk: todo for todo in found.only("status", "counts")}
        trees = Todo.objects.filter(Q(pk__in=rows) | Q(root__in=rows))
        leaves = trees.filter(~Exists(Todo.objects.filter(parent=OuterRef("pk"))))
        top = leaves.order_by().annotate(top=Coalesce(F("root"), F("pk")))
        counted = _summed(rows, list(top.values_list("top", "status").annotate(Count("pk"))))
    return _of(rows, todo_list.counts_of, counted)


def ended(found: QuerySet[Run]) -> ListProof:
    """Of runs that have ended: how many there are, and what was completed in them."""
    with one_state():
        rows = dict(found.values_list("pk", "completed"))
        kept = {"runs": len(rows), "completed": sum(rows.values())}
        completed = Subtask.objects.filter(run__in=rows, status=Status.COMPLETED).count()
        counted = {"runs": found.count(), "completed": completed}
    return ListProof({"runs": "Runs", "completed": "Completed"}, {WHOLE: kept}, {WHOLE: counted})


def _summed(rows: Mapping[int, Any], by_status: Sequence[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    counted = {number: dict.fromkeys(COUNTED, 0) for number in rows}
    for number, status, many in by_status:
        counted[number][TOTAL] += many
        if status in COUNTED:
            counted[number][status] += many
    return counted


def _of(rows: Mapping[int, Any], kept: Callable[[Any], Numbers], counted: Mapping[int, Numbers]) -> ListProof:
    told = {str(number): {name: kept(row)[name] for name in COUNTED} for number, row in rows.items()}
    return ListProof(COUNTED, told, {str(number): numbers for number, numbers in counted.items()})
