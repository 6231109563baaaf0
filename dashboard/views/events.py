"""The event log of a run."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import past
from dashboard.pages.chips import address
from dashboard.sockets import frames
from dashboard.views.access import answer, number, run_for, wants
from dashboard.words import event_lines
from runs.models import Run
from runs.reading import browse

A_PAGE = 100
TOPICS = ("progress", "results", "errors", "metrics")


@dataclass(frozen=True, slots=True)
class Chip:
    word: str
    href: str
    current: bool


@login_required
@require_safe
def table(request: HttpRequest, run_id: int) -> HttpResponse:
    """Newest first. Without `before` it follows: what is new appears on top."""
    run, now = run_for(request, run_id), timezone.now()
    context = _table(request, run) | {"run": run, "now": now, "ended": run.finished_at is not None}
    if wants(request, "event-table"):
        return answer(request, "run/event_table.html", context)
    whole = context | past.context(request, run, now) | {"section": "runs", "view": "events"}
    whole["frame_mark"] = frames.mark(run.last_seq, now, whole["settled"])
    return answer(request, "run/events.html", whole)


def _table(request: HttpRequest, run: Run) -> dict:
    topic = request.GET.get("topic", "")
    topic = topic if topic in TOPICS else ""
    moment = past.wanted(request, run)
    before = number(request, "before")
    last = moment.seq if moment else run.last_seq
    found, older = browse.events(run, topic, min(before or last + 1, last + 1), A_PAGE)
    kept = {"at": f"{moment.seconds:g}"} if moment else {}
    here = reverse("run-events", args=[run.pk])
    newest_url = address(here, {"topic": topic} | kept)
    return {
        "lines": event_lines.of(run, found),
        "older": older,
        "topic": topic,
        "last": last,
        "newest": before is None,
        "newest_url": newest_url,
        "table_url": newest_url,
        "searched": browse.EVENTS_SEARCHED,
        "chips": [Chip(name or "all", address(here, {"topic": name} | kept), name == topic) for name in ("", *TOPICS)],
    }
