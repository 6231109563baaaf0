"""One pass over one run: let go of what waited for its time, start the run, give work to free seats, close it.

Whoever commits a change to a run makes a pass follow, in the same transaction. What no change asks for is found by the
sweep (`runs/sweep.py`).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from runs import mirror, transitions
from runs import statements as sql
from runs.engine import budget, states
from runs.engine.modes import takes_agents
from runs.engine.schedule import IN_PLACE_MOST, Open, Policy, Ready, choose, share_out
from runs.journal import Entry
from runs.sql import json_value, moment
from runs.transitions import Lease, Pick

if TYPE_CHECKING:
    from runs.backends.embedded import Embedded, Worker

DEEPEST = 4_096  # of the line, in rows for each free seat
ELSEWHERE = ("celery", "tracked")  # backends whose work is never done in this process


@dataclass(slots=True)
class Grant:
    """What a seat is to do: a leased subtask, then quick ones in place."""

    seat: "Worker"
    run_id: int
    lease: Lease
    quick: list[Lease]


def run_pass(entry: Entry, seats: "Embedded | None") -> list[Grant]:
    """Does everything that can be done for this run now, and says what each seat is to do."""
    if not entry.ended:
        _move_on(entry)
    if entry["backend"] == "celery":
        from runs.backends import remote  # it dispatches by the rules of this module

        remote.dispatch(entry)
    if seats is None:
        return []
    if entry["status"] != states.Run.RUNNING or entry["backend"] in ELSEWHERE:
        seats.leave_line(entry.run_id)
        return []
    failed = entry["failed"]
    grants = _dispatch(entry, seats)
    if entry["failed"] > failed:
        _move_on(entry)
    return grants


def _move_on(entry: Entry) -> None:
    """Starts the run, lets go of what waited for its time, stops at the first failure if asked to, asks those who must
    be asked, closes the run. Work that its agents report is not ours to move."""
    if entry["backend"] == "tracked":
        _watch(entry)
        return
    transitions.undelay(entry)
    transitions.look_again(entry)
    transitions.move(entry, "start")
    _stop_at_failure(entry)
    _keep_to_budget(entry)
    transitions.begin_phases(entry)
    transitions.age(entry)
    transitions.ask(entry)
    if transitions.close(entry):
        mirror.at_end(entry)


def _stop_at_failure(entry: Entry) -> None:
    """Skips all that has not started, and takes back what a person was asked, where the first failure ends the run."""
    if entry["fail_fast"] and entry["failed"] and (entry["pending"] or entry["asking"]):
        entry.mark(end_reason="fail_fast")
        transitions.end_pending(entry, states.Status.SKIPPED, "the run stops at the first failure")
        transitions.take_back_questions(entry)


def _watch(entry: Entry) -> None:
    """Begins a run whose agents report by themselves; ends it when nothing more is to come."""
    transitions.move(entry, "start")
    transitions.fall_silent(entry)
    if transitions.close(entry):
        mirror.at_end(entry)


def _keep_to_budget(entry: Entry) -> None:
    """Skips all that has not started when as much is used as may be. What is under way goes on, and may use more."""
    tokens = entry["input_tokens"] + entry["output_tokens"]
    limits = json_value(entry["budget"]) or {}
    if not entry["pending"] or not (why := budget.used_up(limits, cost=entry["cost"], tokens=tokens)):
        return
    if not entry["end_reason"]:
        entry.mark(end_reason="budget")
        entry.note("budget_used_up", topic="errors", data={"reason": why})
    transitions.end_pending(entry, states.Status.SKIPPED, why)


def _dispatch(entry: Entry, seats: "Embedded") -> list[Grant]:
    """Looks again as long as some leave the line for what they claim, or come back into it; and further down, each time
    four times as far, when nobody could start."""
    grants: list[Grant] = []
    depth = 1
    while True:
        moved = entry.moved
        given = _give(entry, seats, depth)
        grants += given
        if entry.moved == moved:
            return grants
        depth = 1 if given else min(4 * depth, DEEPEST)


def _give(entry: Entry, seats: "Embedded", depth: int) -> list[Grant]:
    limits = policy(entry)
    under_way = opened(entry, seats, reading=others_read(entry))
    wanted = max(0, min(entry.startable, limits.agents - under_way.total))
    taken = seats.take(wanted, entry.run_id, entry.now)
    ready = first_ready(entry, len(taken), depth, seats.reserved()) if taken else []
    chosen = choose(ready, under_way, limits)[: len(taken)]
    grants = _grants(entry, list(zip(chosen, taken)))
    seats.put_back(set(taken) - {grant.seat for grant in grants})
    if len(chosen) == len(taken) < wanted:
        seats.wait_in_line(entry.run_id, served=bool(taken))
    else:
        seats.leave_line(entry.run_id)
    if any(item.quick for item in chosen):
        _add_quick(grants, chosen, share_out(ready, chosen), seats)
    return grants


def opened(entry: Entry, seats: "Embedded | None", *, reading: bool = False) -> Open:
    """Attempts that are open, and workers that go on in place: their next attempt is not written down yet."""
    in_place = seats.working_in_place(entry.run_id) if seats else Counter()
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


def policy(entry: Entry) -> Policy:
    lanes = json_value(entry["lanes"]) or {}
    limits = {lane: options["concurrency"] for lane, options in lanes.items() if options.get("concurrency")}
    return Policy(entry["strategy"], entry["max_agents"], limits)


def first_ready(entry: Entry, seats: int, depth: int, reserved: set[int], *, quick: bool = True) -> list[Ready]:
    """The first ready subtasks of each lane that nobody has in hand; more of them when the next ones are quick.

    Those that cannot have what they claim are not among them: they have left the line.
    """
    found: list[Ready] = []
    for lane in ("query", "execute"):
        rows = _ready_rows(entry, lane, seats * depth + len(reserved), reserved)
        if quick and rows and rows[min(seats, len(rows)) - 1].quick:
            rows = _ready_rows(entry, lane, seats * (IN_PLACE_MOST + 1) + len(reserved), reserved)
        found += rows
    if claiming := [item.id for item in found if item.claiming]:
        out = transitions.screen(entry, claiming)
        found = [item for item in found if item.id not in out]
    return found


def _ready_rows(entry: Entry, lane: str, limit: int, reserved: set[int]) -> list[Ready]:
    rows = sql.READY(run=entry.run_id, lane=lane, limit=limit)
    return [Ready(*row) for row in rows if row[0] not in reserved]


def _grants(entry: Entry, pairs: list[tuple[Ready, "Worker"]]) -> list[Grant]:
    by_agent = {seat.agent_id: seat for _, seat in pairs}
    leases = transitions.lease(entry, [_pick(item, seat, entry.now) for item, seat in pairs])
    return [Grant(by_agent[lease.pick.agent], entry.run_id, lease, []) for lease in leases]


def _add_quick(grants: list[Grant], chosen: list[Ready], shares: list[list[Ready]], seats: "Embedded") -> None:
    behind = {item.id: share for item, share in zip(chosen, shares)}
    for grant in grants:
        if share := behind[grant.lease.pick.subtask]:
            grant.quick = transitions.in_place([_pick(item, grant.seat, None) for item in share])
            seats.reserve(grant.seat, grant.quick)


def _pick(item: Ready, seat: "Worker", started_at: datetime | None) -> Pick:
    available = max(moment(item.ready_at) or seat.free_since, seat.free_since)
    return Pick(
        subtask=item.id,
        epoch=item.epoch,
        lane=item.lane,
        alone=item.alone,
        timeout_seconds=item.timeout_seconds,
        agent=seat.agent_id,
        available_at=available,
        started_at=started_at,
    )
