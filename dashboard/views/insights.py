"""What past runs gained, and two of them beside each other."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import compare_page
from dashboard.views.access import answer, run_for, viewer
from runs.api.insights import DAYS
from runs.insight import past

PERIODS = (7, 30, 90, 365)


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
    found = past.past(viewer(request), chosen, now)
    return answer(request, "insights/page.html", context | {"past": found, "days": chosen, "periods": PERIODS})


def _compared(request: HttpRequest) -> list[int]:
    """`compare=1,2` or `compare=1&compare=2`; what is no id is not there."""
    words = ",".join(request.GET.getlist("compare")).split(",")
    numbers = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
    return list(dict.fromkeys(numbers)) or ([0] if "compare" in request.GET else [])
