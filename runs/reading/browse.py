"""Looking through runs and what is in them, a page at a time. Nothing here grows with the size of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Model, Q, QuerySet

from runs import queries
from runs.engine import states
from runs.models import Attempt, Event, Run, Subtask
from runs.reading import sorting
from runs.reading.paging import Cursor, Page, finish, page, read_cursor

# ---- runs ----


@dataclass(frozen=True, slots=True)
class RunFilter:
    """`since` and `until`: the days (UTC) on which runs were made, both included. `among`: the ids of some runs."""

    status: str = ""
    backend: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    among: frozenset[int] | None = None


def runs(owner_id: int, wanted: RunFilter, cursor: str, limit: int) -> Page[Run]:
    """Newest first."""
    return page(_matching_runs(owner_id, wanted).defer("result"), ["-pk"], cursor, limit)


def count_runs(owner_id: int, wanted: RunFilter) -> int:
    return _matching_runs(owner_id, wanted).count()


def _matching_runs(owner_id: int, wanted: RunFilter) -> QuerySet[Run]:
    found = Run.objects.filter(owner=owner_id)
    if wanted.among is not None:
        found = found.filter(pk__in=wanted.among)
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.backend:
        found = found.filter(backend=wanted.backend)
    if wanted.text:
        found = found.filter(content__icontains=wanted.text)
    if wanted.since:
        found = found.filter(created_at__gte=_begin_of(wanted.since))
    if wanted.until:
        found = found.filter(created_at__lt=_begin_of(wanted.until) + timedelta(days=1))
    return found


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


# ---- subtasks ----

# What moves, what went wrong, what is to come; then what is over.
BY_INTEREST = (
    states.Status.IN_PROGRESS,
    states.Status.FAILED,
    states.Status.PENDING,
    states.Status.COMPLETED,
    states.Status.CANCELLED,
    states.Status.SKIPPED,
)
SEARCHED_WHOLE = 20_000


@dataclass(frozen=True, slots=True)
class SubtaskFilter:
    status: str = ""
    text: str = ""
    order: str = "status"
    agent: str = ""  # the name of one that has tried it


def searches_text(run: Run) -> bool:
    """Whether a search looks into all keys and texts; in a larger run it finds keys by how they begin."""
    return run.total <= SEARCHED_WHOLE


def orders(run: Run) -> tuple[str, ...]:
    """What its subtasks can be sorted by; each but `status` also backwards, with "-" before it."""
    return ("status", *(sorting.ORDERS if searches_text(run) else sorting.INDEXED))


def subtasks(run: Run, wanted: SubtaskFilter, cursor: str, limit: int) -> Page[Subtask]:
    """Subtasks in the order asked for: by interest, or by a column."""
    rows = queries.shown(run.pk)
    if wanted.agent:
        rows = rows.filter(pk__in=Attempt.objects.filter(run=run.pk, agent__name=wanted.agent).values("subtask"))
    if wanted.text and searches_text(run):
        rows = rows.filter(Q(key__icontains=wanted.text) | Q(content__icontains=wanted.text))
    elif wanted.text:
        rows = rows.filter(key__gte=wanted.text, key__lt=wanted.text + "\U0010ffff")
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    order = "position" if wanted.status and wanted.order == "status" else wanted.order
    if order.removeprefix("-") in orders(run) and order != "status":
        return page(*sorting.sort(rows, order), cursor, limit)
    return _by_interest(run, rows, cursor, limit)


def _by_interest(run: Run, rows: QuerySet[Subtask], cursor: str, limit: int) -> Page[Subtask]:
    """Status by status, so that each query reads along an index; statuses that are empty are not asked for."""
    place = read_cursor(cursor)
    if place is None or not _by_status(place):
        place = Cursor(True, [])
    statuses = [status for status in BY_INTEREST if getattr(run, status)]
    if not place.after:
        statuses.reverse()
    found: list[Subtask] = []
    for status in _from(statuses, place):
        group = rows.filter(status=status)
        if place.values and status == place.values[0]:
            beyond = {"position__gt" if place.after else "position__lt": place.values[1]}
            group = group.filter(**beyond)
        found += group.order_by("position" if place.after else "-position")[: limit + 1 - len(found)]
        if len(found) > limit:
            break
    return finish(found, limit, place, lambda row: [str(row.status), row.position])


def _by_status(place: Cursor) -> bool:
    return len(place.values) == 2 and place.values[0] in BY_INTEREST and isinstance(place.values[1], int)


def _from(statuses: Sequence[states.Status], place: Cursor) -> Sequence[states.Status]:
    """The statuses from that of the place on; all of them where it has none, or none of it is left."""
    if not place.values:
        return statuses
    ranks = {status: rank for rank, status in enumerate(BY_INTEREST)}
    here = ranks[place.values[0]]
    return [status for status in statuses if (ranks[status] >= here if place.after else ranks[status] <= here)]


def failed(run_id: int, limit: int) -> list[Subtask]:
    """The first subtasks that failed, to be shown at the top."""
    return list(queries.shown(run_id).filter(status=states.Status.FAILED).order_by("position")[:limit])


# ---- events ----

EVENTS_SEARCHED = 5_000  # a rare topic is not looked for through the whole log at once


def events(run: Run, topic: str, before: int, limit: int) -> tuple[list[Event], int]:
    """Events before a seq, newest first, and the seq before which to look on; 0 when the log begins here."""
    lowest = max(run.trim_seq, before - 1 - (EVENTS_SEARCHED if topic else limit))
    found = Event.objects.filter(run=run.pk, seq__gt=lowest, seq__lt=before).order_by("-seq")
    if topic:
        found = found.filter(topic=topic)
    rows = list(found[:limit])
    reached = rows[-1].seq if len(rows) == limit else lowest + 1
    return rows, reached if reached > run.trim_seq + 1 else 0


# ---- attempts ----


def attempts(run_id: int, cursor: str, limit: int, until: datetime | None = None) -> Page[Attempt]:
    """All attempts of a run that had begun by then, agent by agent: the timeline as a table."""
    rows = Attempt.objects.filter(run=run_id).select_related("agent", "subtask").only(*_ATTEMPT_SHOWN)
    rows = rows if until is None else rows.filter(leased_at__lte=until)
    return page(rows, ["agent_id", "pk"], cursor, limit)


_ATTEMPT_SHOWN = (
    *("run_id", "epoch", "status", "leased_at", "started_at", "finished_at", "error"),
    *("agent__name", "subtask__key", "subtask__content"),
)


def named(model: type[Model], ids: Sequence[int | None], column: str) -> dict[int, str]:
    """One column of the rows with these ids."""
    wanted = {number for number in ids if number is not None}
    return dict(model._default_manager.filter(pk__in=wanted).values_list("pk", column)) if wanted else {}
