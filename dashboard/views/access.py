"""The one way for a page to get at a run or a todo: what belongs to somebody else is not there."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from runs import access
from runs.models import Run, Subtask
from todos import queries
from todos.models import Todo
from todos.principal import Principal, for_person
from todos.problems import Missing


def viewer(request: HttpRequest) -> int:
    """Who looks: the id of whoever is signed in."""
    assert request.user.pk is not None
    return request.user.pk


def principal(request: HttpRequest) -> Principal:
    """Whoever is signed in, as actions and queries know them."""
    assert request.user.is_authenticated
    return for_person(request.user)


def may_change(request: HttpRequest) -> bool:
    """Whether whoever looks may do more than that."""
    return principal(request).scope != "viewer"


def refuse_viewers(request: HttpRequest) -> None:
    if not may_change(request):
        raise PermissionDenied


def todo_for(request: HttpRequest, todo_id: int) -> Todo:
    try:
        return queries.get(principal(request), todo_id)
    except Missing:
        raise Http404 from None


def changed_todo(request: HttpRequest, todo_id: int) -> Todo:
    """The same for whoever wants to change it; those who may only look are refused."""
    todo = todo_for(request, todo_id)
    refuse_viewers(request)
    return todo


def run_for(request: HttpRequest, run_id: int) -> Run:
    run = access.visible_runs(principal(request)).defer("result").filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def steered_run(request: HttpRequest, run_id: int) -> Run:
    """The same for whoever wants to change it; those who may only look are refused."""
    run = run_for(request, run_id)
    refuse_viewers(request)
    return run


def subtask_for(run: Run, key: str) -> Subtask:
    subtask = Subtask.objects.filter(run=run.pk, key=key).first()
    if subtask is None:
        raise Http404
    return subtask


def number(request: HttpRequest, name: str) -> int | None:
    """A number in the query string; None when it is left out or is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def wants(request: HttpRequest, element: str) -> bool:
    """Whether only this element of the page is asked for, to be put in its place."""
    return request.headers.get("HX-Target", "").endswith(f"#{element}")


def answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page, or a part of it: a cache must not take one for the other."""
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Target"])
    return response


def list_answer(request: HttpRequest, folder: str, element: str, context: dict[str, Any]) -> HttpResponse:
    """A list with its filters, or its table alone; then the address bar gets the address without empty filters."""
    if not wants(request, element):
        return answer(request, f"{folder}/list.html", context)
    response = answer(request, f"{folder}/table.html", context)
    response["HX-Replace-Url"] = context["table_url"]
    return response
