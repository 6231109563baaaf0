"""What of a run can start now, and within which limits: what everybody asks who gives its work away."""

from collections import Counter
from collections.abc import Mapping, Sequence

from runs import statements as sql
from runs import transitions
from runs.engine.modes import takes_agents
from runs.engine.schedule import IN_PLACE_MOST, Open, Policy, Ready
from runs.entry import Entry
from runs.sql import json_value


def opened(entry: Entry, in_place: Counter[str] | None = None, *, reading: bool = False) -> Open:
    """Attempts that are open, and workers that go on in place, by lane: their next attempt is not written down yet."""
    in_place = in_place or Counter()
    return Open(
        query=entry["open_query"] + in_place["query"],
        execute=entry["open_execute"] + in_place["execute"],
        alone=entry["open_alone"],
        undeclared=entry["open_undeclared"] + in_place["undeclared"],
        reading=reading,
    )


def others_read(entry: Entry) -> bool:
    """Whether agents from outside are to read before anything is changed here. They are only waited for when somebody
    said that they come."""
    if entry["strategy"] != "hybrid" or not takes_agents(entry["backend"], json_value(entry["lanes"]) or {}):
        return False
    return bool(sql.READING(run=entry.run_id, all=0)[0][0])


def policy(entry: Entry, room: Mapping[str, int] | None = None) -> Policy:
    """What limits the run; `room`: left in each pool of this process that is limited."""
    lanes = json_value(entry["lanes"]) or {}
    limits = {lane: options["concurrency"] for lane, options in lanes.items() if options.get("concurrency")}
    agents = entry["agents_allowed"] or entry["max_agents"]
    return Policy(entry["strategy"], agents, limits, room or {})


def first_ready(
    entry: Entry, free: int, depth: int, reserved: set[int], full: Sequence[str] = (), *, quick: bool = True
) -> list[Ready]:
    """The first ready subtasks of each lane that nobody has in hand; more of them when the next ones are quick.

    Those of full pools are not among them, nor those that cannot have what they claim: they have left the line.
    """
    found: list[Ready] = []
    first = _first_rows(entry, free * depth + len(reserved), reserved, full)
    for lane in ("query", "execute"):
        rows = [row for row in first if row.lane == lane]
        if quick and rows and rows[min(free, len(rows)) - 1].quick:
            rows = _ready_rows(entry, lane, free * (IN_PLACE_MOST + 1) + len(reserved), reserved, full)
        found += rows
    if claiming := [item.id for item in found if item.claiming]:
        out = transitions.screen(entry, claiming)
        found = [item for item in found if item.id not in out]
    return found


def _first_rows(entry: Entry, limit: int, reserved: set[int], full: Sequence[str]) -> list[Ready]:
    """As many of each lane."""
    if full:
        return [row for lane in ("query", "execute") for row in _ready_rows(entry, lane, limit, reserved, full)]
    rows = sql.READY_EITHER(run=entry.run_id, limit=limit)
    return [Ready(*row) for row in rows if row[0] not in reserved]


def _ready_rows(entry: Entry, lane: str, limit: int, reserved: set[int], full: Sequence[str]) -> list[Ready]:
    if full:
        rows = sql.READY_ELSEWHERE([(pool,) for pool in full], run=entry.run_id, lane=lane, limit=limit)
    else:
        rows = sql.READY(run=entry.run_id, lane=lane, limit=limit)
    return [Ready(*row) for row in rows if row[0] not in reserved]
