"""The dependencies of a run, as a picture and as a table."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import graph_page, past
from dashboard.sockets import frames
from dashboard.views.access import answer, run_for, wants
from runs.models import Run
from runs.reading import graph
from runs.reading import past as log

LONGEST_OPEN = 500  # characters of what is open


@login_required
@require_safe
def page(request: HttpRequest, run_id: int) -> HttpResponse:
    run, now = run_for(request, run_id), timezone.now()
    context = _graph(request, run) | {"run": run, "now": now}
    if wants(request, "run-graph"):
        return answer(request, "run/graph_panel.html", context)
    whole = context | past.context(request, run, now) | {"section": "runs", "view": "graph"}
    whole["frame_mark"] = frames.mark(run.last_seq, now, whole["settled"])
    return answer(request, "run/graph.html", whole)


def _graph(request: HttpRequest, run: Run) -> dict[str, Any]:
    found = graph.of(run)
    known = graph_page.ways(found)
    way = request.GET.get("by", "")
    way = way if way in known else known[0]
    opened = tuple(filter(None, request.GET.get("open", "")[:LONGEST_OPEN].split(",")))
    drawn = graph_page.picture(found, way, opened)
    kept = {"by": way} | ({"at": request.GET["at"]} if past.wanted(request, run) else {})
    if drawn.open:
        kept["open"] = ",".join(group.name for group in drawn.open)
    as_table = request.GET.get("as") == "table"
    shown = kept | ({"as": "table"} if as_table else {})
    here = reverse("run-graph", args=[run.pk])
    return {
        "graph": drawn,
        "nodes": graph_page.nodes(run, found, drawn, _statuses(request, run, found), shown),
        "as_table": as_table,
        "other_url": f"{here}?{urlencode(kept if as_table else {**kept, 'as': 'table'})}",
        "graph_url": f"{here}?{urlencode(shown)}",
        "critical_count": len(found.critical),
        **graph_page.choices(run, found, drawn, way, shown),
    }


def _statuses(request: HttpRequest, run: Run, found: graph.RunGraph) -> list[str]:
    """As they are, or as they were at the moment asked for."""
    moment = past.wanted(request, run)
    if moment is None:
        return graph.statuses(run, found)
    were = log.statuses(run, moment.seq)
    return [were.get(number, "pending") for number in found.ids]
