"""Making todos: one, a whole tree from a pasted checklist, or more below a todo that is there."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.forms import checklists, todo_form
from dashboard.pages.todo_page import PRIORITIES
from dashboard.views.access import changed_todo, principal, refuse_viewers, wants
from dashboard.views.todo_answers import went
from todos import actions
from todos.models import Todo
from todos.problems import Invalid, Refused
from todos.rest.reading import read
from todos.wire.inputs import SubtaskIn, TodoIn

FIELDS = ("content", "priority", "text", "carried_out")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A todo, alone or with a checklist below it: shown first, made when that button is pressed."""
    refuse_viewers(request)
    return _form(request, None)


@login_required
@require_http_methods(["GET", "POST"])
def paste(request: HttpRequest, todo_id: int) -> HttpResponse:
    """More below a todo that is there."""
    return _form(request, changed_todo(request, todo_id))


def _form(request: HttpRequest, todo: Todo | None) -> HttpResponse:
    sent = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in FIELDS}
    context: dict[str, Any] = {"section": "todos", "todo": todo, "sent": sent, "priorities": PRIORITIES.items()}
    if request.method == "GET":
        sent["priority"] = "3"
        return render(request, "todos/new.html", context)
    try:
        content, items = _read(sent, todo)
        if "make" in request.POST:
            top = _make(request, todo, sent, content, items)
            return went(request, reverse("todo", args=[top.pk]), _said(items))
        actions_preview(request, todo, items)
        context |= {"title": content, "preview": checklists.preview(items) if items else None}
        status = 200
    except Refused as refused:
        context |= _wrong(refused, sent)
        status = refused.status
    part = "todos/preview.html" if wants(request, "checklist-preview") else "todos/new.html"
    return render(request, part, context, status=200 if wants(request, "checklist-preview") else status)


def _read(sent: dict[str, str], todo: Todo | None) -> tuple[str, list[SubtaskIn]]:
    """The title and what is below it."""
    if "\0" in sent["content"]:
        raise Invalid.at("/content", "text must not hold NUL")
    if not sent["text"].strip() and todo is None:
        return sent["content"], []
    items = checklists.parse(sent["text"], sent["carried_out"])
    return (sent["content"], items) if todo else checklists.titled(sent["content"], items)


def actions_preview(request: HttpRequest, todo: Todo | None, items: list[SubtaskIn]) -> None:
    """Raises what making them would raise."""
    if todo is not None:
        actions.preview(principal(request), todo, items, pointer="/text")


def _make(request: HttpRequest, todo: Todo | None, sent: dict[str, str], content: str, items: list[SubtaskIn]) -> Todo:
    if todo is not None:
        actions.add(principal(request), todo, items, pointer="/text")
        return todo
    priority = sent["priority"]
    fields = {"content": content.strip(), "priority": int(priority) if priority in "12345" and priority else priority}
    wanted = read(TodoIn, fields)
    return actions.create(principal(request), wanted.model_copy(update={"subtasks": items}))


def _said(items: list[SubtaskIn]) -> str:
    if not items:
        return "Made. Add subtasks, or run it as it is."
    number = checklists.preview(items).total
    return f"Made, with {number:,} {'todo' if number == 1 else 'todos'} below it."


def _wrong(refused: Refused, sent: dict[str, str]) -> dict[str, Any]:
    """What is wrong, at its field."""
    errors, rest = todo_form.problem_fields(refused)
    found: dict[str, Any] = {"errors": errors, "error": "; ".join(rest)}
    if "text" in errors:
        found["wrong"] = checklists.wrong(refused, sent["text"])
    if errors.get("content", "").startswith("string should match"):
        errors["content"] = "say what is to be done, or paste a checklist below a heading"
    return found
