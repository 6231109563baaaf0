"""All runs."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import chips, frames, overview_page
from dashboard.views.access import answer, viewer, wants
from runs import browse
from runs.engine import states
from runs.models import Backend

A_PAGE = 50


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    wanted = _wanted(request)
    page = browse.runs(viewer(request), wanted, request.GET.get("cursor", ""), A_PAGE)
    now = timezone.now()
    query = {"status": wanted.status, "backend": wanted.backend, "q": wanted.text}
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
        "table_url": request.get_full_path(),
        "frame_mark": frames.mark(0, now, ended=False),
    }
    return answer(request, "runs/table.html" if wants(request, "run-table") else "runs/page.html", context)


def _wanted(request: HttpRequest) -> browse.RunFilter:
    status, backend = request.GET.get("status", ""), request.GET.get("backend", "")
    return browse.RunFilter(
        status if status in list(states.Run) else "",
        backend if backend in Backend else "",
        request.GET.get("q", "").strip()[:200].replace("\x00", ""),
    )
