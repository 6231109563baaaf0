"""The button that starts a rehearsal."""

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dashboard import rehearsal
from dashboard.views.access import principal, refuse_viewers
from dashboard.views.todo_answers import sentence, went
from runs import actions
from todos import actions as todo_actions
from todos.problems import Refused


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Makes the todo and leads to a run of it, under way."""
    refuse_viewers(request)
    try:
        with transaction.atomic():  # with no todo left without its run
            todo = todo_actions.create(principal(request), rehearsal.release())
            run = actions.start(todo, actions.Options(max_agents=rehearsal.AGENTS))
    except Refused as refused:  # where what it claims has been limited to less
        return went(request, "/", sentence(refused.detail), "error")
    said = f"Started: {run.total:,} subtasks, which only take their time. One of them fails at first."
    return went(request, f"/runs/{run.pk}/", said)
