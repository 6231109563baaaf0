"""All runs."""

from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import chips, overview_page, to_paste
from dashboard.sockets import frames
from dashboard.views.access import list_answer, viewer
from runs.engine import states
from runs.models import Backend
from runs.reading import browse

A_PAGE = 50


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted = _wanted(request)
    page = browse.runs(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    now = timezone.now()
    query = {"status": wanted.status, "backend": wanted.backend, "q": wanted.text}
    query |= {"from": _text(wanted.since), "to": _text(wanted.until)}
    context = {
        "section": "runs",
        "now": now,
        "page": page,
        "lines": overview_page.lines(page.rows, now),
        "wanted": wanted,
        "matching": browse.count_runs(viewer(request), wanted),
        "chips": chips.by_status(reverse("runs"), states.Run, query),
        "backends": Backend.values,
        "filtered": wanted != browse.RunFilter(),
        "table_url": chips.address(reverse("runs"), query | {"cursor": request.GET.get("cursor", "")}),
        "frame_mark": frames.mark(0, now, ended=False),
    }
    if not page.rows and not context["filtered"]:
        context["code"] = to_paste.to_begin(request)
    return list_answer(request, "runs", "run-table", context)


def _wanted(request: HttpRequest) -> browse.RunFilter:
    status, backend = request.GET.get("status", ""), request.GET.get("backend", "")
    return browse.RunFilter(
        status if status in list(states.Run) else "",
        backend if backend in Backend else "",
        request.GET.get("q", "").strip()[:200].replace("\x00", ""),
        _day(request.GET.get("from", "")),
        _day(request.GET.get("to", "")),
    )


def _day(text: str) -> date | None:
    """What is no day is not there; the last day of all has no end."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found < date.max else None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
