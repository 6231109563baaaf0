"""The button that makes a run to look at."""

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dashboard import sample
from dashboard.views.access import principal, refuse_viewers
from dashboard.views.todo_answers import sentence, went
from runs import actions
from todos import actions as todo_actions
from todos.problems import Refused


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Leads to a new run of the release that is only pretended."""
    refuse_viewers(request)
    try:
        with transaction.atomic():
            todo = todo_actions.create(principal(request), sample.release())
            run = actions.start(todo, actions.Options(max_agents=sample.AGENTS))
    except Refused as refused:  # where what it claims has been limited to less
        return went(request, "/", sentence(refused.detail), "error")
    return went(request, f"/runs/{run.pk}/", f"Started: {run.total:,} subtasks that only take their time.")
