"""The list of todos: those at the top of their trees, with what has become of all below them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from dashboard.pages.run_page import Part
from runs.models import Run
from runs.reading.paging import Page, page
from todos.models import Todo
from todos.plan.rollup import TOTAL, no_counts
from todos.plan.words import Status

_BAR = (
    ("completed", (Status.COMPLETED,)),
    ("failed", (Status.FAILED,)),
    ("cancelled", (Status.CANCELLED, Status.SKIPPED)),
    ("moving", (Status.IN_PROGRESS,)),
)
_SAID = (Status.IN_PROGRESS, Status.PENDING, Status.FAILED, Status.CANCELLED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class TodoFilter:
    status: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A todo in the list. `rest`: what is not completed, in words."""

    todo: Todo
    counts: Mapping[str, int]
    bar: list[Part]
    rest: str
    run: Run | None


def matching(owner_id: int, wanted: TodoFilter) -> QuerySet[Todo]:
    found = Todo.objects.filter(owner=owner_id, parent=None)
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.text:
        found = found.filter(content__icontains=wanted.text)
    return found


def todos(owner_id: int, wanted: TodoFilter, cursor: str, limit: int) -> Page[Todo]:
    """Newest first."""
    return page(matching(owner_id, wanted), ["-pk"], cursor, limit)


def lines(found: Sequence[Todo]) -> list[Line]:
    """Todos as rows; two queries, however many there are."""
    runs = last_runs([todo.pk for todo in found])
    rows = []
    for todo in found:
        counts = counts_of(todo)
        rows.append(Line(todo, counts, bar(counts), rest(counts), runs.get(todo.pk)))
    return rows


def last_runs(todos: Sequence[int]) -> dict[int, Run]:
    """The newest run of each of these todos, by the id of the todo."""
    newest = Run.objects.filter(todo__in=todos).order_by().values("todo").annotate(last=Max("pk"))
    ids = [row["last"] for row in newest]
    found = Run.objects.filter(pk__in=ids).only("status", "todo_id", "created_at", "finished_at")
    return {run.todo_id: run for run in found if run.todo_id is not None}


def counts_of(todo: Todo) -> Mapping[str, int]:
    """Its leaves by status; a todo without subtasks is its own leaf."""
    return todo.counts or {**no_counts(), todo.status: 1, TOTAL: 1}


def bar(counts: Mapping[str, int]) -> list[Part]:
    """The parts of a bar, by number of leaves."""
    parts, start, total = [], 0.0, counts[TOTAL] or 1
    for kind, statuses in _BAR:
        width = 100 * sum(counts[status] for status in statuses) / total
        if width:
            parts.append(Part(kind, round(start, 2), round(width, 2)))
            start += width
    return parts


def rest(counts: Mapping[str, int]) -> str:
    """ "3 in progress, 12 pending"."""
    return ", ".join(f"{counts[status]:,} {status.replace('_', ' ')}" for status in _SAID if counts[status])
