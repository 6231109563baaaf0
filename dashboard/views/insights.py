"""What past runs gained, and two of them beside each other."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import chips, compare_page, over_time
from dashboard.views.access import answer, run_for, viewer
from runs.api.insights import DAYS
from runs.engine import states
from runs.insight import past

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
    days = request.GET.get("days", "")
    chosen = int(days) if days in map(str, PERIODS) else DAYS
    status = request.GET.get("status", "")
    status = status if status in STATUSES else ""
    found = past.past(viewer(request), chosen, now, status)
    query = {"status": status, "days": request.GET.get("days", "")}
    context |= {"past": found, "days": chosen, "periods": PERIODS, "status": status}
    context |= {"chips": chips.by_status(reverse("insights"), STATUSES, query)}
    return answer(request, "insights/page.html", context | over_time.context(found.lines, now, chosen))


def _compared(request: HttpRequest) -> list[int]:
    """`compare=1,2` or `compare=1&compare=2`; what is no id is not there."""
    words = ",".join(request.GET.getlist("compare")).split(",")
    numbers = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
    return list(dict.fromkeys(numbers)) or ([0] if "compare" in request.GET else [])
