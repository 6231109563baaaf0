"""The one button that starts a run of a todo."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dashboard import todo_form, todo_page
from dashboard.views.access import changed_todo
from dashboard.views.todo_answers import refused_at, view_from, went
from runs import actions
from runs.api.runs import RunIn, options_of
from runs.models import Run
from todos.models import Todo
from todos.problems import Invalid, Refused
from todos.rest.reading import read


@login_required
@require_POST
def start(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Leads to the new run, or says at the form why there is none."""
    todo = changed_todo(request, todo_id)
    values = _values(request)
    try:
        run = _start(todo, read(RunIn, values))
    except Refused as refused:
        errors, rest = todo_form.problem_fields(refused)
        form = todo_page.RunForm(values, errors | ({"": "; ".join(rest)} if rest else {}))
        return refused_at(request, view_from(request, todo), refused.status, run_form=form)
    return went(request, f"/runs/{run.pk}/", _said(run))


def _values(request: HttpRequest) -> dict[str, Any]:
    """As the API takes them. What is no number stays text, and is refused as such."""
    sent = request.POST
    values: dict[str, Any] = {name: sent[name] for name in ("backend", "strategy") if name in sent}
    if "max_agents" in sent:
        text = sent["max_agents"].strip()
        values["max_agents"] = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    values["fail_fast"] = bool(sent.get("fail_fast"))
    values["barriers"] = bool(sent.get("barriers"))
    if sent.get("adaptive"):
        values["adaptive"] = True
    return values


def _start(todo: Todo, wanted: RunIn) -> Run:
    if wanted.backend == "embedded" and not todo_page.under_way(todo) and (why := todo_page.hindrance(todo)):
        raise Invalid.at("", why)
    return actions.start(todo, options_of(wanted))


def _said(run: Run) -> str:
    if run.completed:
        return f"Started: {run.completed:,} of {run.total:,} were completed before and are carried over."
    return f"Started: {run.total:,} {'subtask' if run.total == 1 else 'subtasks'}."
