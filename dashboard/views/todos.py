"""All todos, and one of them with everything below it."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import chips, to_paste, todo_list, todo_tree
from dashboard.pages.todo_list import TodoFilter
from dashboard.sockets import frames
from dashboard.views import todo_answers
from dashboard.views.access import answer, list_answer, may_change, number, todo_for, viewer, wants
from todos.plan.words import Status

A_PAGE = 50


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted, now = _wanted(request), timezone.now()
    page = todo_list.todos(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    query = {"status": wanted.status, "q": wanted.text}
    context = {
        "section": "todos",
        "now": now,
        "page": page,
        "lines": todo_list.lines(page.rows),
        "wanted": wanted,
        "matching": todo_list.matching(viewer(request), wanted).count(),
        "chips": chips.by_status(reverse("todos"), Status, query),
        "filtered": wanted != TodoFilter(),
        "table_url": chips.address(reverse("todos"), query | {"cursor": request.GET.get("cursor", "")}),
        "may_change": may_change(request),
        "frame_mark": frames.mark(0, now, ended=False),
    }
    if not page.rows and not context["filtered"]:
        code = {"token": to_paste.TOKEN, "todo": to_paste.a_todo(to_paste.server_of(request))}
        return answer(request, "todos/empty.html", context | {"code": code})
    return list_answer(request, "todos", "todo-table", context)


def _wanted(request: HttpRequest) -> TodoFilter:
    status = request.GET.get("status", "")
    text = request.GET.get("q", "").strip()[:200].replace("\x00", "")
    return TodoFilter(status if status in list(Status) else "", text)


@login_required
@require_safe
def one(request: HttpRequest, todo_id: int) -> HttpResponse:
    """A todo with what is below it; for a page that is open, what has changed on it since, in the parts it shows."""
    todo, refreshes = todo_for(request, todo_id), wants(request, "todo-refresh")
    view = todo_answers.view_from(request, todo) if refreshes else todo_tree.view_of(todo, request.GET)
    context = todo_answers.context(request, view)
    if wants(request, "todo-tree"):
        return answer(request, "todos/tree.html", context)
    if not refreshes:
        return answer(request, "todos/page.html", context)
    if (number(request, "run") or 0) != (context["run"].pk if context["run"] else 0):
        return HttpResponse(headers={"HX-Refresh": "true"})  # another socket feeds it from now on
    return HttpResponse(todo_answers.pieces(request, context, todo_answers.FOLLOWS))
