"""Changing a todo: its fields, its place, what it needs, what is below it; and deleting it."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.forms import checklists, todo_form
from dashboard.pages import todo_needs, todo_tree
from dashboard.views.access import changed_todo, principal
from dashboard.views.todo_answers import ask, done, refused_at, sentence, view_from, went
from todos import actions
from todos.models import Todo
from todos.problems import Invalid, Refused, Stale
from todos.rest.reading import read
from todos.wire.inputs import TodoChanges

# ---- fields ----


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, todo_id: int) -> HttpResponse:
    todo = changed_todo(request, todo_id)
    if request.method == "GET":
        return _form(request, todo, todo_form.of(todo))
    sent = request.POST.dict()
    version = sent.get("version", "")
    what = todo_form.entered(sent, todo)
    if str(todo.version) != version:
        return _form(request, todo, todo_form.changed_meanwhile(todo, what), 412)
    if what.errors:
        return _form(request, todo, todo_form.refused(todo, what, version), 422)
    try:
        _save(request, todo, what.values)
    except Stale:
        todo.refresh_from_db()
        return _form(request, todo, todo_form.changed_meanwhile(todo, what), 412)
    except Refused as refused:
        return _form(request, todo, todo_form.refused(todo, what, version, refused), refused.status)
    return done(request, view_from(request, todo), "Saved." if what.values else "Nothing was changed.")


def _save(request: HttpRequest, todo: Todo, values: dict[str, Any]) -> None:
    """Only what differs is sent, and only against the version that was looked at."""
    changes = read(TodoChanges, values)
    if values:
        actions.edit(principal(request), todo, changes, [todo.version])


def _form(request: HttpRequest, todo: Todo, form: todo_form.Form, status: int = 200) -> HttpResponse:
    view = view_from(request, todo)
    context = {
        "todo": todo,
        "form": form,
        "on": view.address(),
        "is_top": todo.pk == view.top.pk,
        "places": _places(todo),
    }
    return ask(request, "todos/edit.html", context, status)


# ---- places ----


def _places(todo: Todo) -> list[tuple[str, str]]:
    """Where it can be moved from here: what `move` takes, and a word."""
    if todo.parent is None:
        return []
    last = todo.position + 1 >= Todo.objects.filter(parent=todo.parent).count()
    places = [("up", "Up", bool(todo.position)), ("down", "Down", not last)]
    places += [("in", "Nest", bool(todo.position)), ("out", "Un-nest", todo.parent.parent_id is not None)]
    return [(to, word) for to, word, there in places if there]


@login_required
@require_POST
def move(request: HttpRequest, todo_id: int) -> HttpResponse:
    """`to`: up, down, in (below the one before it), out (after its parent), or a place among its siblings."""
    todo = changed_todo(request, todo_id)
    try:
        changes = read(TodoChanges, _moved(todo, request.POST.get("to", "")))
        actions.edit(principal(request), todo, changes)
    except Refused as refused:
        return done(request, view_from(request, todo), sentence(refused.detail), "error")
    return done(request, view_from(request, todo), f"{todo.key} was moved.")


def _moved(todo: Todo, to: str) -> dict[str, Any]:
    """The change that this is. Raises Invalid where there is no such place."""
    if todo.parent is None:
        raise Invalid.at("/to", "the top of a tree stays where it is")
    if to == "up" and todo.position:
        return {"position": todo.position - 1}
    if to == "down":
        return {"position": todo.position + 1}
    if to == "in" and todo.position:
        before = Todo.objects.get(parent=todo.parent, position=todo.position - 1)
        return {"parent": str(before.pk)}
    if to == "out" and todo.parent.parent_id is not None:
        return {"parent": str(todo.parent.parent_id), "position": todo.parent.position + 1}
    if to.isascii() and to.isdigit() and len(to) < 10:
        return {"position": int(to)}
    raise Invalid.at("/to", "it cannot be moved there")


# ---- what it needs ----


@login_required
@require_http_methods(["GET", "POST"])
def needs(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Looks for others and keeps what was chosen; saves when that button is pressed."""
    todo = changed_todo(request, todo_id)
    chosen = todo_needs.chosen(todo) if request.method == "GET" else request.POST.getlist("key")
    error, status = "", 200
    if request.method == "POST" and "save" in request.POST:
        try:
            changes = read(TodoChanges, {"depends_on": chosen})
            actions.edit(principal(request), todo, changes)
            return done(request, view_from(request, todo), _said_needs(todo, chosen))
        except Refused as refused:
            error, status = refused.detail, refused.status
    picker = todo_needs.picker(todo, chosen, request.POST.get("q", ""), error)
    context = {"todo": todo, "picker": picker, "on": view_from(request, todo).address()}
    return ask(request, "todos/needs.html", context, status)


def _said_needs(todo: Todo, chosen: list[str]) -> str:
    return (
        f"{todo.key} needs {', '.join(chosen[:3])}{' and more' * (len(chosen) > 3)}."
        if chosen
        else (f"{todo.key} needs nothing.")
    )


# ---- what is below it ----


@login_required
@require_POST
def add(request: HttpRequest, todo_id: int) -> HttpResponse:
    """One line, as a line of a checklist: "Lint (30 s)". The row for the next stands where this one stood."""
    todo = changed_todo(request, todo_id)
    view = view_from(request, todo)
    text = " ".join(request.POST.get("content", "").split())
    try:
        (made,) = actions.add(principal(request), todo, checklists.parse(text))
    except Refused as refused:
        wrong = {"adding_error": refused.detail.partition("line 1: ")[2] or refused.detail, "adding_text": text}
        return refused_at(request, _adding(view, todo), refused.status, **wrong)
    view.top.refresh_from_db()
    return done(request, _adding(view, todo), f"{made.key} was added.")


def _adding(view: todo_tree.View, todo: Todo) -> todo_tree.View:
    """The row for the next todo stays below this one, which is open."""
    if todo.pk == view.top.pk:
        return replace(view, adding=0)
    return replace(view, adding=todo.pk, opened=None if view.opened is None else view.opened | {todo.key})


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Asks first, and says what goes with it."""
    todo = changed_todo(request, todo_id)
    view = view_from(request, todo)
    if request.method == "GET":
        below = todo_tree.all_below(todo)
        context = {"todo": todo, "on": view.address(), "below": below.count(), **todo_needs.left_without(todo)}
        return ask(request, "todos/confirm_delete.html", context)
    name = todo.key or str(todo)
    try:
        actions.delete(todo)
    except Refused as refused:
        return done(request, view, sentence(refused.detail), "error")
    if view.top.pk != todo.pk and Todo.objects.filter(pk=view.top.pk).exists():
        view.top.refresh_from_db()
        return done(request, view, f"{name} was deleted.")
    parent = todo.parent_id
    address = reverse("todo", args=[parent]) if parent else reverse("todos")
    return went(request, address, f"{name} was deleted.")
