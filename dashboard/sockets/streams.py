"""What the sockets of a run and of the overview carry: frames for browsers, events for programs."""

from functools import partial
from typing import Any

from django.utils import timezone
from pydantic_core import to_json

from dashboard.sockets import frames
from dashboard.sockets.live import Frame, Hub, Room
from dashboard.sockets.pace import HTML_SECONDS, JSON_SECONDS
from runs import queries
from runs.engine import states
from runs.models import Run

HTML_OVERLAP = 10  # a reader may skip a second of frames and still have every row that changed
OVERVIEW_HTML_SECONDS = 5 * HTML_SECONDS
MOST_RUNS = 100  # the newest, in an overview


def encode(message: dict[str, Any]) -> str:
    """As the REST API encodes its answers."""
    return to_json(message, inf_nan_mode="null").decode()


# ---- one run ----


def run_html(hub: Hub, run_id: int) -> Room:
    make = partial(next_frame, run_id)
    return hub.room(
        "run html",
        run_id,
        lambda: Room(make, HTML_SECONDS, run=run_id, overlap=HTML_OVERLAP, kept=HTML_OVERLAP),
    )


def run_json(hub: Hub, run_id: int) -> Room:
    return hub.room("run json", run_id, lambda: Room(Following(run_id), JSON_SECONDS, run=run_id))


def next_frame(run_id: int, since: int) -> Frame:
    seq, text = frames.run_frame(run_id, since, timezone.now())
    return Frame(since, seq, text)


class Following:
    """Makes what comes after a seq: the next events; without any, the counters when the run was estimated anew."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._told = queries.NOT_ESTIMATED

    def __call__(self, after: int) -> Frame | None:
        if found := next_events(self._run_id, after):
            return found
        made = queries.estimated(self._run_id)
        if made == self._told:
            return None
        self._told = made
        return _counters(self._run_id, after)


def _counters(run_id: int, after: int) -> Frame | None:
    """A message without events; None when there are some by now."""
    progress = queries.snapshot(run_id, timezone.now())
    if progress["seq"] > after:
        return None
    return Frame(after, after, encode({"type": "events", "events": [], "progress": progress}))


def next_events(run_id: int, after: int, until: int | None = None, limit: int = queries.MOST_EVENTS) -> Frame | None:
    """The events after a seq (up to another) with the counters as they stand; None when there are none."""
    events = queries.events_after(run_id, after, until=until, limit=limit)
    if not events:
        return None
    progress = queries.snapshot(run_id, timezone.now())
    seq = events[-1]["seq"]
    text = encode({"type": "events", "events": events, "progress": progress})
    return Frame(after, seq, text, partial=seq < progress["seq"])


def first_frame(run_id: int, wanted: int | None) -> Frame:
    """The counters as they stand, for a reader who wants the events after `wanted`, or only what is yet to come.

    Its `after` is the seq after which that reader's events begin: `wanted`, unless those were trimmed or are to come.
    Raises Run.DoesNotExist.
    """
    trimmed = _trimmed(run_id)
    progress = queries.snapshot(run_id, timezone.now())
    seq = progress["seq"]
    return _snapshot(seq if wanted is None or wanted < trimmed else min(wanted, seq), progress)


def events_frame(run_id: int, after: int, until: int) -> Frame:
    """The next events for one reader who is behind, up to where the room's newest frame ends, so that the reader can
    go on with the room's. A snapshot when what it wants was trimmed meanwhile."""
    found = next_events(run_id, after, until) if after >= _trimmed(run_id) else None
    return found or snapshot_frame(run_id)


def snapshot_frame(run_id: int) -> Frame:
    """The counters as they stand; the events that follow are those after its seq. Raises Run.DoesNotExist."""
    progress = queries.snapshot(run_id, timezone.now())
    return _snapshot(progress["seq"], progress)


def _snapshot(from_seq: int, progress: dict[str, Any]) -> Frame:
    return Frame(from_seq, progress["seq"], encode({"type": "snapshot", "progress": progress, "from_seq": from_seq}))


def _trimmed(run_id: int) -> int:
    """The log begins after this seq."""
    return Run.objects.filter(pk=run_id).values_list("trim_seq", flat=True).first() or 0


# ---- all runs of an owner ----


def overview_html(hub: Hub, owner_id: int) -> Room:
    make = partial(next_overview_page, owner_id)
    return hub.room("overview html", owner_id, lambda: Room(make, OVERVIEW_HTML_SECONDS, kept=1))


def lists_html(hub: Hub, owner_id: int) -> Room:
    make = partial(next_list_page, owner_id)
    return hub.room("lists html", owner_id, lambda: Room(make, OVERVIEW_HTML_SECONDS, kept=1))


def overview_json(hub: Hub, owner_id: int) -> Room:
    make = partial(next_overview, owner_id)
    return hub.room("overview json", owner_id, lambda: Room(make, HTML_SECONDS, kept=1))


def next_overview_page(owner_id: int, seq: int) -> Frame:
    return Frame(seq, seq + 1, frames.overview_frame(owner_id, timezone.now()))


def next_list_page(owner_id: int, seq: int) -> Frame:
    return Frame(seq, seq + 1, frames.list_frame(owner_id, timezone.now()))


def next_overview(owner_id: int, seq: int) -> Frame:
    """Every one is absolute. What has ended is there no more."""
    unended = Run.objects.filter(owner=owner_id, status__in=states.RUN_UNENDED).order_by("-pk")[:MOST_RUNS]
    message = {"type": "snapshot", "runs": queries.snapshots(unended, timezone.now())}
    return Frame(seq, seq + 1, encode(message))
