"""What a run's subtasks claim, who holds it, who waits."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import past, resources_page
from dashboard.sockets import frames
from dashboard.views.access import answer, may_change, run_for, wants


@login_required
@require_safe
def page(request: HttpRequest, run_id: int) -> HttpResponse:
    """What holds a claim may be of another run, of which this one hears nothing: it asks again by itself."""
    run, now = run_for(request, run_id), timezone.now()
    moment = past.wanted(request, run)
    if moment:
        context = resources_page.context_then(run, moment.time)
    else:
        context = resources_page.context(run, may_change=may_change(request))
    context |= {"run": run, "moment": moment, "now": now, "settled": run.finished_at is not None}
    if wants(request, "run-resources"):
        return answer(request, "run/resources_panel.html", context)
    whole = context | past.context(request, run, now) | {"section": "runs", "view": "resources"}
    whole["frame_mark"] = frames.mark(run.last_seq, now, whole["settled"])
    return answer(request, "run/resources.html", whole)
