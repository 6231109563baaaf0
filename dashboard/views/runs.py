"""All runs."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import overview_page
from dashboard.views.access import answer, viewer, wants
from runs import browse
from runs.engine import states
from runs.models import Backend

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Chip:
    word: str
    href: str
    status: str = ""
    current: bool = False


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted = _wanted(request)
    page = browse.runs(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    now = timezone.now()
    context = {
        "section": "runs",
        "now": now,
        "page": page,
        "lines": overview_page.lines(page.rows, now),
        "wanted": wanted,
        "matching": browse.count_runs(viewer(request), wanted),
        "chips": [_chip(wanted, status) for status in ("", *states.Run)],
        "backends": Backend.values,
        "filtered": wanted != browse.RunFilter(),
    }
    return answer(request, "runs/table.html" if wants(request, "run-table") else "runs/page.html", context)


def _wanted(request: HttpRequest) -> browse.RunFilter:
    status, backend = request.GET.get("status", ""), request.GET.get("backend", "")
    return browse.RunFilter(
        status if status in list(states.Run) else "",
        backend if backend in Backend else "",
        request.GET.get("q", "").strip()[:200].replace("\x00", ""),
    )


def _chip(wanted: browse.RunFilter, status: str) -> Chip:
    parts = {"status": status, "backend": wanted.backend, "q": wanted.text}
    query = urlencode({name: value for name, value in parts.items() if value})
    href = reverse("runs") + (f"?{query}" if query else "")
    return Chip(status or "all", href, status, status == wanted.status)
