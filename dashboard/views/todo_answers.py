"""How the views that change a todo answer: in the page with what has changed, else with a page."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dashboard.pages import todo_page, todo_tree
from dashboard.sockets import frames
from dashboard.views.access import may_change, todo_for
from todos.models import Todo

# What a page consists of, and what of it is brought up to date while somebody looks at it.
PIECES = ("head", "tree", "live", "run", "runs")
FOLLOWS = ("head", "tree", "live", "runs")
_PAGE = re.compile(r"/todos/([1-9][0-9]{0,17})/\Z")


def in_page(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def view_from(request: HttpRequest, todo: Todo) -> todo_tree.View:
    """The page on which the button was pressed; that of the whole tree, if it cannot be told."""
    sent = request.headers.get("HX-Current-URL", "") if in_page(request) else ""
    place = _place(sent or request.POST.get("on", "") or request.GET.get("on", ""))
    found = _PAGE.match(place.path)
    top = Todo(pk=todo.tree_id)
    try:
        if found:
            top = todo_for(request, int(found[1]))
    except Http404:
        pass
    if top.tree_id != todo.tree_id or not found:
        return todo_tree.view_of(todo_for(request, todo.tree_id), QueryDict())
    return todo_tree.view_of(top, QueryDict(place.query))


def _place(address: str) -> SplitResult:
    """An address in its parts; what is none has none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def context(request: HttpRequest, view: todo_tree.View) -> dict[str, Any]:
    """Everything that the page of a todo shows."""
    now = timezone.now()
    found = todo_page.context(view, now) | {"section": "todos", "may_change": may_change(request)}
    run = found["run"]
    return found | {"frame_mark": frames.mark(run.last_seq if run else 0, now, ended=False)}


def pieces(request: HttpRequest, found: dict[str, Any], names: Sequence[str]) -> SafeString:
    """Parts of the page, each for its place."""
    rendered = [
        (name, mark_safe(render_to_string(f"todos/{name}.html", found, request).strip()))  # noqa: S308
        for name in names
    ]
    return format_html_join("", '<hx-partial hx-target="#todo-{}" hx-swap="outerMorph">{}</hx-partial>', rendered)


def ask(request: HttpRequest, question: str, asked: dict[str, Any], status: int = 200) -> HttpResponse:
    """A question in the dialog, or on a page of its own."""
    if in_page(request):
        return render(request, question, asked, status=status)
    return render(request, "todos/asked.html", asked | {"question": question, "section": "todos"}, status=status)


def done(request: HttpRequest, view: todo_tree.View, said: str, level: str = "success") -> HttpResponse:
    """The page as it stands now, in its place or anew, and what was done."""
    if not in_page(request):
        return went(request, view.address(), said, level)
    html = pieces(request, context(request, view), PIECES)
    toast = render_to_string("components/toast.html", {"text": said, "level": level}).strip()
    newest = format_html('<hx-partial hx-target="#toasts" hx-swap="innerHTML">{}</hx-partial>', mark_safe(toast))  # noqa: S308
    return HttpResponse(format_html("{}{}{}", html, newest, frames.NO_DIALOG))


def refused_at(request: HttpRequest, view: todo_tree.View, status: int, **wrong: object) -> HttpResponse:
    """The page with what is wrong where it was entered."""
    found = context(request, view) | wrong
    if in_page(request):
        return HttpResponse(pieces(request, found, PIECES), status=status)
    return render(request, "todos/page.html", found, status=status)


def went(request: HttpRequest, address: str, said: str, level: str = "success") -> HttpResponse | HttpResponseRedirect:
    """Leads to another page, which says what was done."""
    messages.add_message(request, messages.ERROR if level == "error" else messages.SUCCESS, said)
    if not in_page(request):
        return redirect(address)
    return HttpResponse(headers={"HX-Redirect": address})


def sentence(detail: str) -> str:
    """What a refusal says, as a sentence."""
    return f"{detail[:1].upper()}{detail[1:]}. Nothing was changed."
