"""Priorities that rise with waiting."""

from django.conf import settings

from runs import statements as sql
from runs.engine import aging, states
from runs.engine.modes import takes_agents
from runs.entry import Entry
from runs.sql import json_value, stamp
from todos.plan.words import Lane

MOST = 100  # that climb in one pass: whoever is left climbs in the next


def age(entry: Entry) -> None:
    """Lets those climb a class who have stood in line for long while others of a higher class stand there. A run in
    which all have the same priority pays nothing for it."""
    if not entry["ranked"] or entry["status"] != states.Run.RUNNING:
        return
    outside = int(takes_agents(entry["backend"], json_value(entry["lanes"]) or {}))
    ((top,),) = sql.TOP_CLASS([(lane,) for lane in Lane], run=entry.run_id, outside=outside)
    if top is None:
        return
    rows = [(*found, stamp(since)) for *found, since in aging.due(top, entry.now, settings.AGING_SECONDS)]
    climbed = sql.CLIMB(rows, run=entry.run_id, outside=outside, most=MOST) if rows else []
    for number, priority in sorted(climbed):
        entry.note("aged", subtask=number, data={"from": priority + 1, "to": priority})
