"""What past runs gained, and two of them beside each other."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import chips, compare_page, over_time, to_paste
from dashboard.sockets import frames
from dashboard.views.access import answer, run_for, viewer, wants
from runs.api.insights import DAYS
from runs.engine import states
from runs.insight import past

UNPAID = 6  # shown of what did not pay
PERIODS = (7, 30, 90, 365)
STATUSES = (states.Run.COMPLETED, states.Run.FAILED, states.Run.CANCELLED)


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {"section": "insights", "now": now}
    if wanted := _compared(request):
        if len(wanted) != 2:
            return answer(request, "insights/pick.html", context | {"picked": len(wanted)})
        runs = [run_for(request, number) for number in wanted]
        return answer(request, "insights/compare.html", context | compare_page.context(runs, now))
    alone, newest = wants(request, "insights"), _newest(request)
    if alone and request.GET.get("seen") == newest:
        return HttpResponse(status=204)  # no run has ended since
    query = request.GET.copy()
    query["seen"] = newest
    context |= _past(request, now) | {"frame_mark": frames.mark(0, now, ended=False), "again": f"?{query.urlencode()}"}
    if newest == "0":
        context["code"] = to_paste.to_begin(request)
    return answer(request, "insights/past.html" if alone else "insights/page.html", context)


def _past(request: HttpRequest, now: datetime) -> dict[str, Any]:
    days, status = asked(request)
    found = past.past(viewer(request), days, now, status)
    query = {"status": status, "days": request.GET.get("days", "")}
    context = {"past": found, "days": days, "periods": PERIODS, "status": status}
    context |= {"past_query": f"?{urlencode({'days': days, 'status': status})}"}
    context |= {"ended_total": past.count(viewer(request), days, now, status)}
    context |= {"unpaid": sorted(found.did_not_pay, key=lambda line: line.speedup or 0)[:UNPAID]}
    context |= {"completed": sum(line.run.completed for line in found.lines)}
    context |= {"chips": chips.by_status(reverse("insights"), STATUSES, query)}
    return context | over_time.context(found.lines, now, days)


def asked(request: HttpRequest) -> tuple[int, str]:
    """How many days back, and the status runs ended with; "" for any."""
    days, status = request.GET.get("days", ""), request.GET.get("status", "")
    return int(days) if days in map(str, PERIODS) else DAYS, status if status in STATUSES else ""


def _newest(request: HttpRequest) -> str:
    """Differs when another run has ended."""
    last = past.last_end(viewer(request))
    return str(int(1000 * last.timestamp())) if last else "0"


def _compared(request: HttpRequest) -> list[int]:
    """`compare=1,2` or `compare=1&compare=2`; what is no id is not there."""
    words = ",".join(request.GET.getlist("compare")).split(",")
    numbers = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
    return list(dict.fromkeys(numbers)) or ([0] if "compare" in request.GET else [])
