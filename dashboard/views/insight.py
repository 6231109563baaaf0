"""Where the time of a run went, what it gained, and the run as a file."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import as_shown, frames, insight_page, run_page
from dashboard.views.access import answer, run_for
from runs.insight import gained


@login_required
@require_safe
def one(request: HttpRequest, run_id: int) -> HttpResponse:
    run, now = run_for(request, run_id), timezone.now()
    found = gained.gained(run, now)
    context = run_page.context(run, now) | {"section": "runs", "view": "insight"}
    context["settled"] = run.finished_at is not None
    context["frame_mark"] = frames.mark(run.last_seq, now, context["settled"])
    context["facts"] = insight_page.facts(run, context["progress"], found)
    context |= as_shown.context(run, context["progress"]["speedup"])
    context["too_large"] = run.total > gained.MOST_SUBTASKS
    if found is not None:
        context["flow"] = found.waterfall
        context["steps"] = insight_page.steps(found.waterfall)
        context["summary"] = insight_page.summary(run, found.waterfall)
    return answer(request, "run/insight.html", context)
