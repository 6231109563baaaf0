"""Looks each second whether the agents of a run slow each other down, and has it take fewer, or more again."""

from datetime import datetime

from django.db import transaction

from runs import journal, transitions
from runs.backends.embedded import Embedded
from runs.backends.paces import Seen
from runs.engine import adaptive, states
from runs.entry import Entry


def look(seats: Embedded, now: datetime) -> set[int]:
    """Gives the runs that should have a pass, for they take other numbers of agents now."""
    changed = set()
    busy = {doing.run_id for worker in seats.workers if (doing := worker.doing)}
    for run_id, seen in list(seats.paces.runs.items()):
        if not seen.is_new and run_id not in busy:
            seats.paces.forget(run_id)
        elif seen.is_new and len(seen.slowdowns) >= adaptive.FEWEST:
            seen.is_new = False
            if _look_at(seats, run_id, seen, now):
                changed.add(run_id)
    return changed


def _look_at(seats: Embedded, run_id: int, seen: Seen, now: datetime) -> bool:
    try:
        with transaction.atomic(), journal.of(run_id, now) as entry:
            step = _decide(entry, seen)
            if step:
                transitions.take_agents(entry, step)
    except journal.NoSuchRun:
        seats.paces.forget(run_id)
        return False
    if step:
        seats.paces.stepped(run_id, step, now.timestamp())
    return step is not None


def _decide(entry: Entry, seen: Seen) -> adaptive.Step | None:
    if not entry["adaptive"] or entry["status"] != states.Run.RUNNING or entry["strategy"] == "sequential":
        return None
    asked = entry["max_agents"]
    agents = entry["agents_allowed"] or asked
    return adaptive.decide(adaptive.Pace(agents, asked, seen.slowdowns, entry["agents_steps"], seen.last))
