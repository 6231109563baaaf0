"""Where the time of a run went, what it gained, and the run as a file."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import as_shown, insight_page, run_page
from dashboard.sockets import frames
from dashboard.views.access import answer, run_for, wants
from runs.insight import gained, kept
from runs.models import Run


@login_required
@require_safe
def one(request: HttpRequest, run_id: int) -> HttpResponse:
    run, now = run_for(request, run_id), timezone.now()
    context = run_page.context(run, now) | {"section": "runs", "view": "insight"}
    context["settled"] = run.finished_at is not None
    if wants(request, "run-insight"):
        return answer(request, "run/insight_parts.html", context | _found(run, context))
    context["frame_mark"] = frames.mark(run.last_seq, now, context["settled"])
    context["awaited"] = not kept.is_quick(run) and "now" not in request.GET
    return answer(request, "run/insight.html", context if context["awaited"] else context | _found(run, context))


def _found(run: Run, context: dict[str, Any]) -> dict[str, Any]:
    """Where the time went and what was gained, as of when that was worked out."""
    told = kept.of(run, context["now"])
    facts = insight_page.facts(run, context["progress"], told.found)
    large = {"facts": facts, "told_at": told.at, "too_large": run.total > gained.MOST_SUBTASKS}
    large |= as_shown.context(run, context["progress"]["speedup"])
    if told.found is None:
        return large
    flow = told.found.waterfall
    steps, summary = insight_page.steps(flow), insight_page.summary(run, flow)
    return large | {"flow": flow, "steps": steps, "summary": summary}
