"""A tree of todos as it is shown: what is open, a part at a time. What it costs does not grow with the tree.

What is shown is in the address: `?open=` the parents that are open, by key; `from=` the place of the first; `q=` words
that are looked for; `add=` the todo below which the next one is added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from dashboard.words import figures
from runs.engine import expected
from todos import queries
from todos.models import Todo
from todos.plan.outline import KEY, MAX_DEPTH
from todos.plan.rollup import TOTAL
from todos.wire.answers import TodoAnswer

A_PAGE = 100  # subtasks of the todo that the page is of
BELOW = 50  # subtasks of each of those below it that are open
MOST = 150  # rows that open parents may add
OPEN_UNTIL = 60  # leaves: a tree that small is open unless somebody closes it
FOUND = 100
SHOWN_NEEDS = 3
NOTHING = "-"  # open: no parent
MOST_POSITION = 10**9


@dataclass(frozen=True, slots=True)
class View:
    """What of the tree below `top` is shown. `opened`: keys, None for what is usual."""

    top: Todo
    opened: frozenset[str] | None = None
    first: int = 0
    text: str = ""
    adding: int = 0

    def shows(self, todo: Todo) -> bool:
        """Whether what is below this todo is shown."""
        if self.opened is None:
            return bool(self.top.counts) and self.top.counts[TOTAL] <= OPEN_UNTIL
        return todo.key in self.opened

    def address(self, **changes: str) -> str:
        """The page with some of this changed; "" leaves a part out."""
        opened = None if self.opened is None else ",".join(sorted(self.opened)) or NOTHING
        parts = {"open": opened, "from": str(self.first or ""), "q": self.text} | changes
        query = urlencode({name: value for name, value in parts.items() if value}, safe=",")
        return reverse("todo", args=[self.top.pk]) + (f"?{query}" if query else "")


def view_of(top: Todo, sent: QueryDict) -> View:
    """What an address asks for; what makes no sense counts as left out."""
    opened = sent.get("open")
    keys = None if opened is None else frozenset(key for key in opened.split(",") if KEY.match(key)) - {NOTHING}
    text = sent.get("q", "").strip()[:200].replace("\x00", "")
    return View(top, keys, _number(sent.get("from", "")), text, _number(sent.get("add", "")))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


# ---- rows ----


@dataclass(frozen=True, slots=True)
class Row:
    """A todo in the tree. `fold` is where its opener leads, `more` to where all its subtasks are, if some are left out.

    `adds`: the next todo is added below it.
    """

    todo: TodoAnswer
    time: str
    add: str
    fold: str = ""
    is_open: bool = False
    below: Sequence["Row"] = ()
    more: str = ""
    adds: bool = False

    @property
    def needs(self) -> list[str]:
        return self.todo["depends_on"][:SHOWN_NEEDS]

    @property
    def more_needs(self) -> int:
        return max(0, len(self.todo["depends_on"]) - SHOWN_NEEDS)


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows, and how many there are in all: subtasks right below the top, or todos that were found."""

    rows: list[Row]
    total: int
    previous: str = ""
    next: str = ""


def shown(view: View) -> Shown:
    if view.text:
        return _found(view)
    children = Todo.objects.filter(parent=view.top)
    total = children.count()
    window = children.filter(position__gte=view.first, position__lt=view.first + A_PAGE)
    levels = _levels(view, list(window.order_by("position", "pk")))
    before = view.address(**{"from": str(max(0, view.first - A_PAGE) or "")}) if view.first else ""
    after = view.address(**{"from": str(view.first + A_PAGE)}) if view.first + A_PAGE < total else ""
    return Shown(_rows(view, levels), total, before, after)


def _found(view: View) -> Shown:
    """Wherever in the tree they are, without what is below them."""
    rows = all_below(view.top).filter(Q(content__icontains=view.text) | Q(key__icontains=view.text))
    found = list(rows.order_by("pk")[:FOUND])
    return Shown(_rows(view, {view.top.pk: found}), rows.count())


def all_below(top: Todo) -> QuerySet[Todo]:
    """Everything below a todo: five levels at most."""
    if top.root_id is None:
        return Todo.objects.filter(root=top)
    levels, above = Q(), "parent"
    for _ in range(MAX_DEPTH - 1):
        levels |= Q(**{above: top})
        above = f"{above}__parent"
    return Todo.objects.filter(levels, root=top.root_id)


Levels = dict[int, list[Todo]]


def _levels(view: View, top: list[Todo]) -> Levels:
    """What is shown below each parent that is open, in order, and one more where there are more. A query a level."""
    levels: Levels = {view.top.pk: top}
    level, room = top, MOST
    while level:
        opened = []
        for todo in level:
            if todo.counts and view.shows(todo) and room > 0:
                opened.append(todo.pk)
                room -= min(BELOW, todo.counts[TOTAL])
        rows = Todo.objects.filter(parent__in=opened, position__lte=BELOW).order_by("position", "pk")
        level = list(rows) if opened else []
        for todo in level:
            levels.setdefault(todo.parent_id or 0, []).append(todo)
    return levels


def _rows(view: View, levels: Levels) -> list[Row]:
    todos = [todo for level in levels.values() for todo in level]
    answers = dict(zip((todo.pk for todo in todos), queries.answers(todos)))
    opened = view.opened
    if opened is None:
        opened = frozenset(todo.key for todo in todos if todo.pk in levels)

    def row(todo: Todo) -> Row:
        below = levels.get(todo.pk, [])
        return Row(
            answers[todo.pk],
            time(todo),
            _address(view, opened | {todo.key}, add=str(todo.pk)),
            _fold(view, todo, opened, bool(below)),
            bool(below),
            [row(child) for child in below[:BELOW]],
            reverse("todo", args=[todo.pk]) if len(below) > BELOW else "",
            view.adding == todo.pk,
        )

    return [row(todo) for todo in levels[view.top.pk]]


def _fold(view: View, todo: Todo, opened: frozenset[str], is_open: bool) -> str:
    """Where it is opened or closed; its own page when what is below it has no room here."""
    if not todo.counts:
        return ""
    if view.text or (todo.key in opened and not is_open):
        return reverse("todo", args=[todo.pk])
    return _address(view, opened - {todo.key} if is_open else opened | {todo.key})


def _address(view: View, opened: frozenset[str], **changes: str) -> str:
    return view.address(open=",".join(sorted(opened)) or NOTHING, **changes)


def time(todo: Todo) -> str:
    """How long it is expected to take, where that is known; how much is completed of what has parts."""
    if todo.counts:
        return f"{todo.counts['completed']:,} of {todo.counts[TOTAL]:,}"
    seconds = expected.told(todo.executor, todo.estimated_seconds)
    return figures.UNKNOWN if seconds is None else figures.about(seconds)
