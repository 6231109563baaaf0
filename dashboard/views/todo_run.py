"""The one button that starts a run of a todo."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dashboard.forms import run_form
from dashboard.pages import todo_page
from dashboard.views.access import changed_todo
from dashboard.views.todo_answers import refused_at, view_from, went
from runs import actions
from runs.api.runs import RunIn, options_of
from runs.engine.modes import takes_agents
from runs.models import Run
from todos.models import Todo
from todos.problems import Invalid, Refused
from todos.rest.reading import read


@login_required
@require_POST
def start(request: HttpRequest, todo_id: int) -> HttpResponse:
    """Leads to the new run, or says at the form why there is none."""
    todo = changed_todo(request, todo_id)
    values = run_form.sent_values(request.POST.dict())
    try:
        run = _start(todo, read(RunIn, values))
    except Refused as refused:
        form = run_form.wrong(values, refused)
        return refused_at(request, view_from(request, todo), refused.status, run_form=form)
    return went(request, f"/runs/{run.pk}/", _said(run))


def _start(todo: Todo, wanted: RunIn) -> Run:
    options = options_of(wanted)
    alone = wanted.backend == "embedded" and not takes_agents(wanted.backend, options.lanes)
    if alone and not todo_page.under_way(todo) and (why := todo_page.hindrance(todo)):
        raise Invalid.at("", why)
    return actions.start(todo, options)


def _said(run: Run) -> str:
    if run.completed:
        return f"Started: {run.completed:,} of {run.total:,} were completed before and are carried over."
    return f"Started: {run.total:,} {'subtask' if run.total == 1 else 'subtasks'}."
