"""Where the time of a run went, what it gained, and the run as a file."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import as_shown, insight_page, past
from dashboard.sockets import frames
from dashboard.views.access import answer, run_for, wants
from runs.insight import beside, kept
from runs.insight.kept import Kept
from runs.models import Run


@login_required
@require_safe
def one(request: HttpRequest, run_id: int) -> HttpResponse:
    """Of a large run the page comes at once, and asks for the rest until it has been worked out."""
    run, now = run_for(request, run_id), timezone.now()
    moment = past.wanted(request, run)
    until = moment.seconds if moment else None
    told = kept.of(run, now, until) if "now" in request.GET else beside.find(run, now, until)
    alone = wants(request, "run-insight")
    if alone and told is None:
        return answer(request, "run/insight_awaited.html", {"run": run, "moment": moment})
    context = past.context(request, run, now) | {"section": "runs", "view": "insight", "awaited": told is None}
    if told is not None:
        context |= _found(run, context, told)
    if alone:
        return answer(request, "run/insight_parts.html", context)
    context["frame_mark"] = frames.mark(run.last_seq, now, context["settled"])
    return answer(request, "run/insight.html", context)


def _found(run: Run, context: dict[str, Any], told: Kept) -> dict[str, Any]:
    """Where the time went and what was gained, as of when that was worked out, or at a moment of the past."""
    moment = context["moment"]
    until = moment.seconds if moment else None
    progress = context["progress"]
    shown = as_shown.context(run, progress["speedup"], until, limit=progress["theoretical_speedup"])
    if moment:
        facts = insight_page.facts_then(context["progress"], told.found, shown["last"])
    else:
        facts = insight_page.facts(run, context["progress"], told.found)
    found = shown | {"facts": facts, "told_at": told.at, "too_large": run.started_at and told.found is None}
    if told.found is None:
        return found
    flow = told.found.waterfall
    rested = sum(context["progress"][name] or 0.0 for name in ("paused_seconds", "person_seconds"))
    summary = insight_page.summary(run, flow, rested, then=moment is not None)
    return found | {"flow": flow, "steps": insight_page.steps(flow), "summary": summary}
