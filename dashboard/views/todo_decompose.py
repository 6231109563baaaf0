"""Splitting a todo by a strategy: its options as a form, what it would make, and then the making."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from dashboard.forms import decompose_form, proposals
from dashboard.forms.proposals import Shown
from dashboard.pages import decompose_page, todo_page
from dashboard.views.access import changed_todo, principal, viewer, wants
from dashboard.views.todo_answers import went
from dashboard.words import figures
from runs.making import decomposing
from todos.decompose.registry import STRATEGIES
from todos.models import Todo
from todos.problems import Conflict, Refused

FIRST = "files"
TOO_LATE = "it was made already, or shown too long ago: look at it again"


@login_required
@require_http_methods(["GET", "POST"])
def decompose(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Shows it first, and makes what was shown when that button is pressed."""
    todo = changed_todo(request, todo_id)
    if request.method == "GET":
        return _page(request, todo, {"form": decompose_form.empty(_strategy(request.GET.get("strategy", "")))})
    if "make" in request.POST:
        return _make(request, todo)
    return _preview(request, todo)


def _strategy(name: str) -> str:
    return name if name in STRATEGIES else FIRST


def _preview(request: HttpRequest, todo: Todo) -> HttpResponse:
    strategy, sent = _strategy(request.POST.get("strategy", "")), request.POST.dict()
    try:
        form = decompose_form.entered(strategy, sent)
        proposal = decomposing.propose(principal(request), todo, strategy, dict(form.values))
    except Refused as refused:
        return _page(request, todo, {"form": decompose_form.refused(strategy, sent, refused)}, refused.status)
    name = proposals.keep(Shown(viewer(request), todo.pk, strategy, proposal, timezone.now()))
    return _page(request, todo, {"form": form, "preview": decompose_page.preview(name, proposal)})


def _make(request: HttpRequest, todo: Todo) -> HttpResponse:
    """What was shown, as it was shown."""
    name = request.POST["make"]
    shown = proposals.find(name, viewer(request), todo.pk, timezone.now())
    strategy = shown.strategy if shown else _strategy(request.POST.get("strategy", ""))
    try:
        if shown is None:
            raise Conflict(TOO_LATE)
        made = decomposing.make(principal(request), todo, shown.proposal)
    except Refused as refused:
        form = decompose_form.refused(strategy, request.POST.dict(), refused)
        return _page(request, todo, {"form": form}, refused.status)
    proposals.forget(name)
    number = figures.plural(len(shown.proposal.rows), "subtask")
    return went(request, reverse("todo", args=[todo.pk]), f"Made: {number}{_at_top(len(made), shown)}.")


def _at_top(number: int, shown: Shown) -> str:
    return f", {number:,} right below it" if number < len(shown.proposal.rows) else ""


def _page(request: HttpRequest, todo: Todo, found: dict[str, Any], status: int = 200) -> HttpResponse:
    context = found | {
        "section": "todos",
        "todo": todo,
        "above": todo_page.above(todo),
        "strategies": list(STRATEGIES),
    }
    template = "todos/split.html" if wants(request, "todo-split") else "todos/decompose.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Target"])
    return response
