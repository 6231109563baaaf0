"""Who works: agents in their tree, a page at a time."""

from collections import Counter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import agent_order, chips, to_paste
from dashboard.sockets import frames
from dashboard.views.access import list_answer, number, viewer
from runs.reading import presence, roster

A_PAGE = 50


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = _table(request) | {"now": now, "section": "agents"}
    if not context["total"]:
        server = to_paste.server_of(request)
        context |= {"token": to_paste.TOKEN, "code": to_paste.a_run(server)}
    return list_answer(request, "agents", "agent-table", context | {"frame_mark": frames.mark(0, now, ended=False)})


def _table(request: HttpRequest) -> dict[str, Any]:
    owner, now = viewer(request), timezone.now()
    known = roster.members(owner, now)
    status = request.GET.get("status", "")
    status = status if status in presence.STATUSES else ""
    order = agent_order.wanted(request.GET.get("order", ""))
    text = request.GET.get("q", "").strip()[:200]
    matching = [member for member in known if not status or member.status == status]
    matching = [member for member in matching if text.lower() in member.name.lower()]
    first = min(number(request, "from") or 0, max(0, len(matching) - 1))
    figures: dict[int, roster.Figures] = {}
    if order:
        figures = roster.figures(owner, [member.pk for member in matching], now)
        matching = agent_order.ordered(matching, figures, order)
    shown = matching[first : first + A_PAGE]
    figures = figures or roster.figures(owner, [member.pk for member in shown], now)
    counts = Counter(member.status for member in known)
    query = {"status": status, "order": order, "q": text}
    place = {"from": str(first) if first else ""}
    return {
        "total": len(known),
        "matching": len(matching),
        "lines": [(member, figures.get(member.pk, roster.Figures())) for member in shown],
        "counts": [(word, counts[word]) for word in presence.STATUSES if counts[word]],
        "chips": chips.by_status(reverse("agents"), presence.STATUSES, query),
        "columns": agent_order.columns(reverse("agents"), query),
        "is_tree": not order,
        "table_url": chips.address(reverse("agents"), query | place),
        "wanted": query,
        "previous": max(0, first - A_PAGE) if first else None,
        "next": first + A_PAGE if first + A_PAGE < len(matching) else None,
        "runs_counted": roster.RUNS_COUNTED,
    }
