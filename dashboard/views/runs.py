"""All runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import chips, overview_page, to_paste
from dashboard.sockets import frames
from dashboard.views.access import list_answer, viewer
from runs.engine import states
from runs.models import Backend, Run
from runs.reading import attention, browse

A_PAGE = 50
WAITING = "waiting"  # in the place of a status: the runs in which something waits for a person


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted, now = _wanted(request), timezone.now()
    status = request.GET["status"] if request.GET.get("status") == WAITING else wanted.status
    waiting = attention.by_run(viewer(request), now) if status == WAITING else None
    if waiting is not None:
        wanted = replace(wanted, among=frozenset(waiting))
    page = browse.runs(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    query = {"status": status, "backend": wanted.backend, "q": wanted.text}
    query |= {"from": _text(wanted.since), "to": _text(wanted.until)}
    context = {
        "section": "runs",
        "now": now,
        "page": page,
        "lines": _lines(page.rows, waiting, now),
        "wanted": wanted,
        "status": status,
        "matching": browse.count_runs(viewer(request), wanted),
        "chips": chips.by_status(reverse("runs"), [*states.Run, *([WAITING] if status == WAITING else ())], query),
        "backends": Backend.values,
        "filtered": wanted != browse.RunFilter(),
        "table_url": chips.address(reverse("runs"), query | {"cursor": request.GET.get("cursor", "")}),
        "frame_mark": frames.mark(0, now, ended=False),
    }
    if not page.rows and not context["filtered"]:
        context["code"] = to_paste.to_begin(request)
    return list_answer(request, "runs", "run-table", context)


def _lines(
    found: Sequence[Run], waiting: Mapping[int, attention.Waiting] | None, now: datetime
) -> list[overview_page.Line]:
    lines = overview_page.lines(found, now)
    return [replace(line, waits=_waits(line.run, waiting[line.run.pk])) for line in lines] if waiting else lines


def _waits(run: Run, there: attention.Waiting) -> list[tuple[str, str, str]]:
    subtasks, silent = reverse("run-subtasks", args=[run.pk]), f"{reverse('agents')}?status=lost"
    asks = f"{there.asking:,} wait{'s' if there.asking == 1 else ''} for a person"
    found = [("waiting", asks, f"{subtasks}?status=in_progress")] if there.asking else []
    found += [("failed", f"{there.failed:,} failed", f"{subtasks}?status=failed")] if there.failed else []
    return [*found, *(("lost", f"{name} is lost", silent) for name in there.lost)]


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
