"""The subtasks of a run: a table with filters, and a drawer beside it for one of them."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import kept_rows, past, past_drawer, rows, run_page, subtask_page
from dashboard.sockets import frames
from dashboard.views.access import answer, may_change, run_for, subtask_for, wants
from runs.engine import states
from runs.models import Run
from runs.reading import browse

A_PAGE = 50


@login_required
@require_safe
def table(request: HttpRequest, run_id: int) -> HttpResponse:
    run, now = run_for(request, run_id), timezone.now()
    context = {"run": run, "now": now} | _table(request, run)
    if wants(request, "subtask-table"):
        return answer(request, "run/subtask_table.html", context)
    return _whole(request, run, context)


@login_required
@require_safe
def one(request: HttpRequest, run_id: int, key: str) -> HttpResponse:
    """A subtask in the drawer: alone when only the drawer is asked for, else beside its table."""
    run, now = run_for(request, run_id), timezone.now()
    subtask = subtask_for(run, key)
    drawer = subtask_page.context(run, subtask, now) | {"list_url": _list_url(request, run)}
    if moment := past.wanted(request, run):
        drawer = past_drawer.context(run, subtask, drawer, moment)
    elif "raw" in request.GET:
        drawer["raw"] = subtask_page.raw(run, subtask)
    if wants(request, "drawer") or wants(request, "subtask-drawer"):
        return answer(request, "run/drawer.html", drawer)
    context = {"now": now} | _table(request, run)
    return _whole(request, run, drawer | context | {"drawer": True})


def _whole(request: HttpRequest, run: Run, context: dict) -> HttpResponse:
    whole = context | past.context(request, run, context["now"]) | {"section": "runs", "view": "subtasks"}
    whole["frame_mark"] = frames.mark(run.last_seq, context["now"], whole["settled"])
    return answer(request, "run/subtasks.html", whole)


# ---- the table's filters and columns ----


@dataclass(frozen=True, slots=True)
class Chip:
    word: str
    count: int
    href: str
    status: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    order: str = ""
    css: str = ""
    href: str = ""
    sorted: str = ""  # "ascending" or "descending", when the table is sorted by it


COLUMNS = (
    Column("Status", "status"),
    Column("Key", "key"),
    Column("Subtask", "position", "not-beside"),
    Column("Waits for, time left, or outcome"),
    Column("Agent", "agent", "not-beside"),
    Column("Tries", "-tries", "number not-beside"),
    Column("Time", "-time", "number"),
)


def _table(request: HttpRequest, run: Run) -> dict:
    wanted, moment = _wanted(request, run), past.wanted(request, run)
    if moment is not None:  # by what they were then, no index has them
        known = wanted.order.removeprefix("-") in ("key", "position")
        wanted = replace(wanted, status="", order=wanted.order if known else "position")
    page = browse.subtasks(run, wanted, request.GET.get("cursor", ""), A_PAGE)
    table_url = _address(run, wanted, cursor=request.GET.get("cursor", ""), at=_at(moment))
    kept_there = kept_rows.of(run, request.GET.get("keep", ""), page.rows, A_PAGE)
    shown = past.rows(run, page.rows, moment) if moment else rows.of(run, kept_there.rows, timezone.now())
    kept = {"status": wanted.status, "order": wanted.order if wanted.order != "status" else ""}
    kept |= {"agent": wanted.agent, "at": _at(moment)}
    kept = {name: value for name, value in kept.items() if value}
    return {
        "moment": moment,
        "page": page,
        "rows": shown,
        "wanted": wanted,
        "kept": kept.items(),
        "chips": [] if moment else _chips(run, wanted),
        "columns": _columns(run, wanted, _at(moment)),
        "matching": _matching(run, wanted),
        "searches_text": browse.searches_text(run),
        "may_pick": moment is None and may_change(request) and _may_steer(run),
        "all_agents_url": _address(run, wanted, agent="", at=_at(moment)),
        "table_url": table_url,
        "live_url": f"{table_url}{'&' if '?' in table_url else '?'}keep={kept_there.ids}",
        "order_changed": kept_there.said,
    }


def _at(moment: past.Moment | None) -> str:
    return f"{moment.seconds:g}" if moment else ""


def _may_steer(run: Run) -> bool:
    """Whether subtasks of it can be cancelled, or, when it has ended, tried again."""
    return run.finished_at is None or run_page.may_repeat(run)


def _wanted(request: HttpRequest, run: Run) -> browse.SubtaskFilter:
    status, order = request.GET.get("status", ""), request.GET.get("order", "")
    return browse.SubtaskFilter(
        status if status in browse.BY_INTEREST else "",
        request.GET.get("q", "").strip()[:200].replace("\x00", ""),
        order if order.removeprefix("-") in browse.orders(run) and order != "-status" else "status",
        request.GET.get("agent", "").strip()[:200].replace("\x00", ""),
    )


def _address(run: Run, wanted: browse.SubtaskFilter, **changes: str) -> str:
    parts = {"status": wanted.status, "q": wanted.text, "order": wanted.order, "agent": wanted.agent} | changes
    if parts["order"] == "status":
        parts["order"] = ""
    query = urlencode({name: value for name, value in parts.items() if value})
    return reverse("run-subtasks", args=[run.pk]) + (f"?{query}" if query else "")


def _chips(run: Run, wanted: browse.SubtaskFilter) -> list[Chip]:
    """All, then each status there is any of; and the one chosen, even if there is none."""
    chips = [Chip("all", run.total, _address(run, wanted, status=""), current=not wanted.status)]
    for status in browse.BY_INTEREST:
        number = getattr(run, status)
        usual = status in (states.Status.IN_PROGRESS, states.Status.PENDING, states.Status.COMPLETED)
        if number or status == wanted.status or usual or status == states.Status.FAILED:
            href = _address(run, wanted, status=status)
            chips.append(Chip(status.replace("_", " "), number, href, status, status == wanted.status))
    return chips


def _columns(run: Run, wanted: browse.SubtaskFilter, at: str) -> list[Column]:
    """Each leads to the table sorted by it; one that it is sorted by, to the other way round. Of the past only those
    that never change can be sorted by."""
    there = {"key", "position"} if at else browse.orders(run)
    return [_column(run, wanted, one, at) if one.order.removeprefix("-") in there else one for one in COLUMNS]


def _column(run: Run, wanted: browse.SubtaskFilter, column: Column, at: str) -> Column:
    turned = column.order.removeprefix("-") if column.order.startswith("-") else f"-{column.order}"
    if wanted.order not in (column.order, turned):
        return replace(column, href=_address(run, wanted, order=column.order, at=at))
    following = column.order if wanted.order == turned or column.order == "status" else turned
    way = "descending" if wanted.order.startswith("-") else "ascending"
    return replace(column, href=_address(run, wanted, order=following, at=at), sorted=way)


def _matching(run: Run, wanted: browse.SubtaskFilter) -> str:
    """How many there are, as far as that is known without counting."""
    if wanted.agent:
        return f"those that {wanted.agent} has tried"
    if wanted.text:
        return f"those found in {run.total:,}"
    return f"{getattr(run, wanted.status) if wanted.status else run.total:,}"


def _list_url(request: HttpRequest, run: Run) -> str:
    at = _at(past.wanted(request, run))
    return _address(run, _wanted(request, run), cursor=request.GET.get("cursor", ""), at=at)
