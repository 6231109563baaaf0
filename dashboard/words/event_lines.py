"""Events as lines a person reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.words import ansi, figures
from runs.models import Agent, Event, Run, Subtask
from runs.reading.browse import named
from runs.reading.timeline import origin

# The status whose icon an event carries, where its kind is not one itself.
_DRAWN_AS = {
    "leased": "in_progress",
    "started": "in_progress",
    "progress": "in_progress",
    "released": "pending",
    "given_up": "failed",
    "carried_over": "completed",
    "run_created": "pending",
    "cancel_requested": "cancelled",
    "clock_step": "waiting",
    "phase_begun": "pending",
    "added": "pending",
    "aged": "pending",
    "asked": "waiting",
    "answered": "in_progress",
    "budget_used_up": "skipped",
    "renamed": "pending",
    "usage": "in_progress",
    "asks": "waiting",
    "asks_no_more": "in_progress",
    "pool_narrowed": "pending",
    "pool_widened": "pending",
    "agents_narrowed": "pending",
    "agents_widened": "pending",
    "agent_retired": "skipped",
    "agent_dismissed": "skipped",
}
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    seq: int
    drawn: str
    words: str
    key: str
    agent: str
    said: str
    at: datetime
    exact: str
    offset: str


def of(run: Run, events: Sequence[Event]) -> list[Line]:
    """Lines for these events, in two queries for the names in them."""
    keys = named(Subtask, [event.subtask_id for event in events], "key")
    agents = named(Agent, [event.agent_id for event in events], "name")
    return [_line(run, event, keys, agents) for event in events]


def _line(run: Run, event: Event, keys: dict[int, str], agents: dict[int, str]) -> Line:
    kind = event.kind.removeprefix("run_") if event.kind != "run_created" else event.kind
    words = event.kind.replace("_", " ")
    return Line(
        event.seq,
        _DRAWN_AS.get(kind, kind),
        words,
        keys.get(event.subtask_id or 0, ""),
        agents.get(event.agent_id or 0, ""),
        _once(words, ansi.plain(_said(event)))[:LONGEST],
        event.at,
        figures.exact(event.at),
        figures.on_axis((event.at - origin(run)).total_seconds()),
    )


def _once(words: str, said: str) -> str:
    """Nothing where it only says again what the event is called."""
    return "" if words.endswith(said) else said


def _at_once(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)


def _said(event: Event) -> str:
    """What the event adds to its kind."""
    data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    if event.kind == "run_created":
        return figures.plural(data.get("subtasks", 0), "subtask")
    if event.kind == "progress":
        share = figures.percent(data["progress"]) if data.get("progress") is not None else ""
        return ": ".join(filter(None, [share, data.get("message") or ""]))
    if event.kind == "clock_step":
        return f"the server was away for {figures.duration(data.get('gap_seconds'))}"
    if event.kind == "renamed":
        return f"was: {data.get('from')}"
    if event.kind == "asks":
        return str(data.get("question", ""))
    if event.kind == "usage":
        return f"{data.get('input_tokens', 0):,} tokens in, {data.get('output_tokens', 0):,} out"
    if event.kind == "phase_begun":
        late = f": phase {data.get('after')} took too long" if data.get("barrier") == "timed_out" else ""
        return f"phase {data.get('phase')}{late}"
    if event.kind in ("pool_narrowed", "pool_widened"):
        return f"{data.get('pool')}: {_at_once(data.get('from'))} to {_at_once(data.get('to'))}"
    if event.kind in ("agents_narrowed", "agents_widened"):
        return f"from {data.get('from')} to {data.get('to')}: {data.get('reason')}"
    if event.kind == "aged":
        return f"from priority {data.get('from')} to {data.get('to')}"
    if event.kind == "asked":
        return str(data.get("question") or "")
    if event.kind == "answered":
        return ": ".join(filter(None, ["yes" if data.get("approved") else "no", str(data.get("text") or "")]))
    again = ""
    if event.after == "pending" and event.attempt_id is not None and event.kind != "released":
        again = "one last try, alone" if data.get("last_try") else "another try"
    return "; ".join(filter(None, [str(data.get("error") or data.get("reason") or ""), again]))
