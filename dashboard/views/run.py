"""A run: its timeline, what feeds it, and the proof that what is shown is so."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import past, rows, run_page
from dashboard.pages import timeline_data as data
from dashboard.sockets import frames
from dashboard.views.access import answer, number, run_for
from runs import queries
from runs.engine import states
from runs.models import Attempt, Run
from runs.reading import browse, busiest, proof

ATTEMPTS_A_PAGE = 100
MOST_LANES = 4  # that the timeline draws of one row
LEGEND = {
    "succeeded": "completed",
    "running": "in progress",
    "failed": "failed",
    "lost": "lost",
    "cancelled": "cancelled",
    "expected": "expected",
    "held": "held",
}


@login_required
@require_safe
def timeline(request: HttpRequest, run_id: int) -> HttpResponse:
    run, now = run_for(request, run_id), timezone.now()
    context = past.context(request, run, now) | {"section": "runs", "view": "timeline"}
    context["frame_mark"] = frames.mark(run.last_seq, now, context["settled"])
    if request.GET.get("as") == "table":
        moment = context["moment"]
        until = moment.time if moment else None
        context["page"] = page = browse.attempts(run_id, request.GET.get("cursor", ""), ATTEMPTS_A_PAGE, until)
        context["attempts"] = past.attempts(page.rows, moment) if moment else page.rows
        return answer(request, "run/timeline_table.html", context)
    if not context["settled"]:
        context["rows"] = rows.of(run, queries.now_and_next(run, frames.NOW_AND_NEXT), now)
    context["held"] = held = busiest.of(run)
    context["held_lanes"] = min(held.shares, MOST_LANES) if held else 0
    context["legend"] = _legend(run, context)
    context["timeline_rows"] = range(run_page.timeline_rows(run, context["settled"]))
    return answer(request, "run/timeline.html", context)


def _legend(run: Run, context: dict) -> list[tuple[str, str]]:
    """What there can be to see."""
    absent = {"expected"} if context["settled"] else set[str]()
    absent |= {"running"} if context["settled"] and context["moment"] is None else set()
    absent |= set() if context["held"] else {"held"}
    absent |= set() if _any_cancelled(run) else {"cancelled"}
    return [(kind, word) for kind, word in LEGEND.items() if kind not in absent]


def _any_cancelled(run: Run) -> bool:
    """Attempts that were taken back look like those that were cancelled."""
    return bool(run.cancelled) or Attempt.objects.filter(run=run.pk, status=states.Attempt.CANCELLED).exists()


@login_required
@require_safe
def timeline_data(request: HttpRequest, run_id: int) -> JsonResponse:
    run = run_for(request, run_id)
    return JsonResponse(data.answer(run, request.GET.get("after", ""), timezone.now()))


@login_required
@require_safe
def frame(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a socket would send, for browsers that have none; 204 when nothing has changed since `since`."""
    run, since = run_for(request, run_id), number(request, "since")
    if since == run.last_seq:
        return HttpResponse(status=204)
    _, html = frames.run_frame(run_id, since or 0, timezone.now())
    return HttpResponse(html)


@login_required
@require_safe
def prove(request: HttpRequest, run_id: int) -> JsonResponse:
    """Counts the rows and sets the numbers beside those that are kept."""
    run_for(request, run_id)
    found = proof.prove(run_id)
    return JsonResponse({"seq": found.seq, "kept": found.kept, "counted": found.counted, "differing": found.differing})
