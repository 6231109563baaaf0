"""What the server sends to those who watch: fragments of the page, each for the element whose id it names.

A frame is absolute: whoever gets one is up to date, whatever was missed before. It holds nothing of one viewer (no
token, no filter), so one rendering serves everybody. Fragments that a page does not show are ignored by the browser.
"""

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dashboard.pages import overview_page, rows, run_page
from runs import queries
from runs.models import Event, Run, Subtask
from runs.reading import attention

NOW_AND_NEXT = 13
# More rows than this are not sent one by one: the browser asks for its table again instead.
MOST_ROWS = 30
MOST_EVENTS = 4 * MOST_ROWS


def run_frame(run_id: int, since_seq: int, now: datetime) -> tuple[int, str]:
    """The run page as it stands, with the rows of subtasks that changed after `since_seq`; and the seq it shows.

    Raises Run.DoesNotExist.
    """
    run = Run.objects.defer("result").get(pk=run_id)
    upcoming = queries.now_and_next(run, NOW_AND_NEXT)
    changed = _changed(run, since_seq)
    known = {subtask.pk: subtask for subtask in [*upcoming, *changed]}
    found = {row.subtask.pk: row for row in rows.of(run, list(known.values()), now)}
    context = run_page.context(run, now) | {"rows": [found[subtask.pk] for subtask in upcoming]}
    pieces = [(f"#{name}", _render(f"run/{template}.html", context)) for name, template in RUN_PIECES]
    for subtask in changed:
        row = _render("run/subtask_row.html", {"run": run, "row": found[subtask.pk]})
        pieces.append((f"#row-{subtask.pk}", row))
    return run.last_seq, _frame(pieces, run.last_seq, now, run.finished_at is not None)


RUN_PIECES = (
    ("run-state", "state"),
    ("run-notices", "notices"),
    ("run-strip", "strip"),
    ("run-tabs", "tabs"),
    ("now-next-rows", "now_next_rows"),
    ("now-next-foot", "now_next_foot"),
)


def _changed(run: Run, since_seq: int) -> list[Subtask]:
    """Subtasks that changed after this seq, if they are few; a reader that is new, or far behind, gets none."""
    if not 0 < since_seq < run.last_seq or run.last_seq - since_seq > MOST_EVENTS:
        return []
    log = Event.objects.filter(run=run.pk, seq__gt=since_seq, seq__lte=run.last_seq, subtask_id__isnull=False)
    ids = {number for number in log.values_list("subtask_id", flat=True) if number}
    return queries.by_id(ids) if len(ids) <= MOST_ROWS else []


def overview_frame(owner_id: int, now: datetime) -> str:
    """The overview of this person as it stands."""
    context = overview_page.context(owner_id, now)
    pieces = [(f"#overview-{name}", _render(f"overview/{name}.html", context)) for name in OVERVIEW_PIECES]
    return _frame([*pieces, _waits(len(context["attention"]))], 0, now, ended=False)


def list_frame(owner_id: int, now: datetime) -> str:
    """For pages that show a list under filters of one's own: that something has changed, so they ask for it again."""
    return _frame([_waits(attention.count(owner_id, now))], 0, now, ended=False)


def _waits(number: int) -> tuple[str, SafeString]:
    return "#nav-waits", _render("components/waits.html", {"waits": number})


OVERVIEW_PIECES = ("facts", "running", "waits", "agents", "ended")


def _render(template: str, context: dict[str, Any]) -> SafeString:
    # White space around an element would be left behind in the page by every frame.
    return mark_safe(render_to_string(template, context).strip())  # noqa: S308  (rendered by a template)


def _frame(pieces: list[tuple[str, SafeString]], seq: int, now: datetime, ended: bool) -> str:
    return format_html_join("", _PIECE, [*pieces, ("#frame", mark(seq, now, ended))])


_PIECE = '<hx-partial hx-target="{}" hx-swap="outerMorph">{}</hx-partial>'


def mark(seq: int, now: datetime, ended: bool) -> SafeString:
    """Tells the browser what it has: the seq, the server's time, and whether more will come."""
    return format_html(
        '<div id="frame" hidden data-seq="{}" data-now="{}" data-ended="{}"></div>', seq, now.isoformat(), int(ended)
    )


def toast(html: str) -> SafeString:
    """A message, added to those on the page."""
    return format_html('<hx-partial hx-target="#toasts" hx-swap="beforeend">{}</hx-partial>', mark_safe(html))  # noqa: S308


NO_DIALOG = mark_safe('<hx-partial hx-target="#dialog-content" hx-swap="innerHTML"></hx-partial>')
