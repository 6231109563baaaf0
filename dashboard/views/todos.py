"""All todos, and one of them with everything below it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import frames, todo_list, todo_tree
from dashboard.todo_list import TodoFilter
from dashboard.views import todo_answers
from dashboard.views.access import answer, may_change, number, todo_for, viewer, wants
from todos.plan.words import Status

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Chip:
    word: str
    href: str
    status: str = ""
    current: bool = False


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted, now = _wanted(request), timezone.now()
    page = todo_list.todos(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    context = {
        "section": "todos",
        "now": now,
        "page": page,
        "lines": todo_list.lines(page.rows),
        "wanted": wanted,
        "matching": todo_list.matching(viewer(request), wanted).count(),
        "chips": [_chip(wanted, status) for status in ("", *Status)],
        "filtered": wanted != TodoFilter(),
        "table_url": request.get_full_path(),
        "may_change": may_change(request),
        "frame_mark": frames.mark(0, now, ended=False),
    }
    if not page.rows and not context["filtered"]:
        return answer(request, "todos/empty.html", context | {"code": _to_paste(request)})
    return answer(request, "todos/table.html" if wants(request, "todo-table") else "todos/list.html", context)


def _wanted(request: HttpRequest) -> TodoFilter:
    status = request.GET.get("status", "")
    text = request.GET.get("q", "").strip()[:200].replace("\x00", "")
    return TodoFilter(status if status in list(Status) else "", text)


def _chip(wanted: TodoFilter, status: str) -> Chip:
    query = urlencode({name: value for name, value in (("status", status), ("q", wanted.text)) if value})
    href = reverse("todos") + (f"?{query}" if query else "")
    return Chip(status.replace("_", " ") or "all", href, status, status == wanted.status)


def _to_paste(request: HttpRequest) -> dict[str, str]:
    """Commands that work as they stand, once the token is in the environment."""
    server = request.build_absolute_uri("/").rstrip("/")
    return {
        "token": "export ABREAST_TOKEN=$(python manage.py create_token laptop --scope operator)",
        "todo": (
            "curl -s -H \"Authorization: Bearer $ABREAST_TOKEN\" -H 'Content-Type: application/json' \\\n"
            f'  {server}/api/v1/todos/ -d \'{{"content": "Ship it", "subtasks": [\n'
            '    {"key": "test", "content": "Run the tests", "executor": {"name": "simulate", "seconds": 3}},\n'
            '    {"content": "Publish", "depends_on": ["test"], "executor": {"name": "simulate", "seconds": 1}}]}\''
        ),
    }


@login_required
@require_safe
def one(request: HttpRequest, todo_id: int) -> HttpResponse:
    """A todo with what is below it; for a page that is open, what has changed on it since."""
    view = todo_tree.view_of(todo_for(request, todo_id), request.GET)
    context = todo_answers.context(request, view)
    if wants(request, "todo-tree"):
        return answer(request, "todos/tree.html", context)
    if not wants(request, "todo-refresh"):
        return answer(request, "todos/page.html", context)
    if (number(request, "run") or 0) != (context["run"].pk if context["run"] else 0):
        return HttpResponse(headers={"HX-Refresh": "true"})  # another socket feeds it from now on
    return HttpResponse(todo_answers.pieces(request, context, todo_answers.FOLLOWS))
