"""What a run of a todo would do, before there is one: in the panel of its page, and on a page of its own."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.forms import todo_form
from dashboard.pages import plan_page, todo_page
from dashboard.views.access import changed_todo, wants
from runs.api.plan import PlanIn
from runs.planning import todo as planning
from todos.models import Todo
from todos.problems import Refused
from todos.rest.reading import read


@login_required
@require_safe
def plan(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Changes nothing. It takes a second or more, so that pages ask for it and never wait for it."""
    todo = changed_todo(request, todo_id)
    found, status = _planned(todo, _values(request))
    run = todo_page.under_way(todo)
    context = found | {
        "section": "todos",
        "todo": todo,
        "now": timezone.now(),
        "above": todo_page.above(todo),
        "may_change": True,
        "may_run": run is None and not todo_page.hindrance(todo),
    }
    template = "todos/plan.html" if wants(request, "todo-plan") else "todos/plan_page.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Target"])
    return response


def _values(request: HttpRequest) -> dict[str, Any]:
    """As the API takes them. What is no number stays text, and is refused as such."""
    values: dict[str, Any] = {name: request.GET[name] for name in ("strategy",) if name in request.GET}
    if "max_agents" in request.GET:
        text = request.GET["max_agents"].strip()
        values["max_agents"] = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    return values


def _planned(todo: Todo, values: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The plan, or why there is none; and the status of the answer."""
    try:
        wanted: PlanIn = read(PlanIn, values)
        answer = planning.plan(todo, max_agents=wanted.max_agents, strategy=wanted.strategy)
    except Refused as refused:
        return {"plan_form": plan_page.PlanForm(values, _errors(refused))}, refused.status
    return {"plan_form": plan_page.PlanForm(values), "plan": plan_page.shown(answer, wanted.max_agents)}, 200


def _errors(refused: Refused) -> dict[str, str]:
    """What is wrong by field of the form; under "" what is wrong with the todo."""
    errors, rest = todo_form.problem_fields(refused)
    rest += [detail for name, detail in errors.items() if name not in PlanIn.model_fields]
    at_fields = {name: detail for name, detail in errors.items() if name in PlanIn.model_fields}
    return at_fields | ({"": "; ".join(rest)} if rest else {})
