"""What the page of a todo says beside its tree: what has become of it, whether it can be run, and its runs."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from dashboard.forms.run_form import RunForm
from dashboard.pages import overview_page, run_page, subtask_page, todo_list, todo_tree
from dashboard.pages.plan_page import PlanForm
from dashboard.words import figures
from runs.engine import states
from runs.executors.running import MODULES
from runs.models import Run
from todos.models import Todo
from todos.plan import words
from todos.plan.rollup import TOTAL

RUNS = 6
PRIORITIES = {1: "highest", 2: "high", 3: "medium", 4: "low", 5: "lowest"}


def context(view: todo_tree.View, now: datetime) -> dict[str, Any]:
    """Everything the templates `todos/page.html` and those it includes need."""
    todo = view.top
    shown = todo_tree.shown(view)
    run = under_way(todo)
    runs = runs_of(todo)
    counts = todo_list.counts_of(todo)
    return {
        "now": now,
        "todo": todo,
        "view": view,
        "shown": shown,
        "here": view.address(),
        "above": above(todo),
        "counts": counts,
        "bar": todo_list.bar(counts),
        "rest": todo_list.rest(counts),
        "priority": PRIORITIES[todo.priority],
        "time": todo_tree.time(todo),
        "executor": subtask_page.one_line(todo.executor),
        "verify": subtask_page.one_line(todo.verify),
        "adds_at_end": not shown_adding(shown.rows),
        "hindrance": "" if run else hindrance(todo),
        "again": counts["completed"] == counts[TOTAL],
        "carried": counts["completed"],
        "runs": overview_page.lines(list(runs[:RUNS]), now),
        "runs_total": runs.count(),
        "run_form": RunForm(),
        "plan_form": PlanForm(),
        **_running(run, now),
    }


def _running(run: Run | None, now: datetime) -> dict[str, Any]:
    """What its strip shows of the run under way, if there is one."""
    return {"run": None} if run is None else run_page.context(run, now)


def shown_adding(rows: Any) -> bool:
    """Whether the row for a new todo stands below one of these."""
    return any(row.adds or shown_adding(row.below) for row in rows)


def above(todo: Todo) -> list[Todo]:
    """From the top of the tree down to the parent."""
    found: list[Todo] = []
    while todo.parent is not None:
        todo = todo.parent
        found.insert(0, todo)
    return found


# ---- its runs ----


def runs_of(todo: Todo) -> QuerySet[Run]:
    """Its own and those of what is below it, newest first."""
    of = Q(todo=todo) if todo.root_id else Q(todo=todo) | Q(todo__root=todo)
    return Run.objects.filter(of).defer("result").order_by("-pk")


def under_way(todo: Todo) -> Run | None:
    """The run that keeps anything of its tree from being run: a todo is in one run at a time, and so is its tree."""
    tree = Q(todo=todo.tree_id) | Q(todo__root=todo.tree_id)
    return Run.objects.filter(tree, status__in=states.RUN_UNENDED).defer("result").first()


def hindrance(todo: Todo) -> str:
    """Why the workers of this server cannot do all of it; empty when they can."""
    wanted = _executors(todo)
    nobody = wanted.pop(None, 0)
    known = {*MODULES, words.APPROVAL}  # who is asked is a person
    unknown = {name: number for name, number in wanted.items() if name not in known}
    if nobody:
        are = "1 subtask has" if nobody == 1 else f"{nobody:,} subtasks have"
        return f"{are} no executor, so the workers of this server cannot do {'it' if nobody == 1 else 'them'}"
    if unknown:
        said = ", ".join(f"{name} ({figures.plural(number, 'subtask')})" for name, number in sorted(unknown.items()))
        return f"this server has no executor of the name {said}; it has {', '.join(sorted(MODULES))}"
    return ""


def _executors(todo: Todo) -> dict[str | None, int]:
    """How many leaves that are not completed name which executor; of all leaves, if all are completed."""
    if not todo.counts:
        return {(todo.executor or {}).get("name"): 1}
    leaves = todo_tree.all_below(todo).filter(counts={})
    if todo.counts["completed"] < todo.counts[TOTAL]:
        leaves = leaves.exclude(status=states.Status.COMPLETED)
    rows = leaves.order_by().values_list("executor__name").annotate(Count("pk"))
    return dict(rows)
