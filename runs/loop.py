"""One pass over one run: let go of what waited for its time, start the run, give work to free seats, close it.

Whoever commits a change to a run makes a pass follow, in the same transaction. What no change asks for is found by the
sweep (`runs/sweep.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from runs import statements as sql
from runs import transitions
from runs.backends.slots import Wish
from runs.engine import budget, states
from runs.engine.modes import takes_agents
from runs.engine.pools import slots_of
from runs.engine.schedule import IN_PLACE_MOST, Open, Policy, Ready, choose, share_out
from runs.journal import Entry
from runs.orchestrating import mirror
from runs.sql import json_value, moment
from runs.transitions import Lease, Pick

if TYPE_CHECKING:
    from runs.backends.embedded import Embedded, Worker
    from runs.backends.remote import Hand

DEEPEST = 4_096  # of the line, in rows for each free seat
ELSEWHERE = ("celery", "tracked")  # backends whose work is never done in this process


@dataclass(slots=True)
class Grant:
    """What a seat is to do: a leased subtask, then quick ones in place."""

    seat: "Worker"
    run_id: int
    lease: Lease
    quick: list[Lease]


def run_pass(entry: Entry, seats: "Embedded | None", hands: "Sequence[Hand]" = ()) -> list[Grant]:
    """Does everything that can be done for this run now, and says what each seat is to do. `hands`: of Celery workers,
    free for more of this run."""
    if not entry.ended:
        _move_on(entry)
    if entry["backend"] == "celery":
        from runs.backends import remote  # it dispatches by the rules of this module

        remote.dispatch(entry, hands)
    if seats is None:
        return []
    if entry["status"] != states.Run.RUNNING or entry["backend"] in ELSEWHERE:
        seats.leave_line(entry.run_id)
        return []
    failed = entry["failed"]
    grants = _dispatch(entry, seats)
    seats.slots.had_turn(entry.run_id)
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
    """Looks again as long as some leave the line for what they claim, or come back into it, or a pool has become full;
    and further down, each time four times as far, when nobody could start."""
    grants: list[Grant] = []
    depth = 1
    while True:
        before = entry.moved, seats.slots.full()
        given = _give(entry, seats, depth)
        grants += given
        if before == (entry.moved, seats.slots.full()):
            return grants
        depth = 1 if given else min(4 * depth, DEEPEST)


def _give(entry: Entry, seats: "Embedded", depth: int) -> list[Grant]:
    limits = policy(entry, seats)
    under_way = opened(entry, seats, reading=others_read(entry))
    wanted = max(0, min(entry.startable, limits.agents - under_way.total))
    taken = seats.take(wanted, entry.run_id, entry.now)
    ready = first_ready(entry, len(taken), depth, seats.reserved(), seats.slots.full()) if taken else []
    mine = [item for item in ready if not seats.slots.yields(entry.run_id, item.pool, item.priority)]
    chosen = choose(mine, under_way, limits)[: len(taken)]
    grants = _grants(entry, list(zip(chosen, taken)), seats)
    seats.put_back(set(taken) - {grant.seat for grant in grants})
    left_out = len(chosen) < len(taken)
    seats.slots.wait(entry.run_id, _wish(entry, seats, ready, mine) if left_out else None)
    if len(chosen) == len(taken) < wanted:
        seats.wait_in_line(entry.run_id, served=bool(taken))
    else:
        seats.leave_line(entry.run_id)
    if any(item.quick for item in chosen):
        _add_quick(entry, grants, chosen, share_out(mine, chosen), seats)
    return grants


def _wish(entry: Entry, seats: "Embedded", ready: Sequence[Ready], mine: Sequence[Ready]) -> Wish | None:
    """What this run would begin next if there were room in the pools that are full, or kept for others."""
    slots, rows = seats.slots, [item for item in ready if item not in mine]
    if full := slots.full():
        pools = [(pool,) for pool in full]
        for lane in ("query", "execute"):
            rows += [Ready(*row) for row in sql.READY_OF(pools, run=entry.run_id, lane=lane, limit=1)]
    if not rows:
        return None
    first = min(rows, key=lambda item: item.rank)
    limited = [slot for slot in slots_of(first.pool) if slot in slots.room]
    return Wish(first.priority, tuple(slot for slot in limited if slots.room[slot] <= 0) or tuple(limited))


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


def policy(entry: Entry, seats: "Embedded | None" = None) -> Policy:
    lanes = json_value(entry["lanes"]) or {}
    limits = {lane: options["concurrency"] for lane, options in lanes.items() if options.get("concurrency")}
    agents = entry["agents_allowed"] or entry["max_agents"]
    return Policy(entry["strategy"], agents, limits, seats.slots.room if seats else {})


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


def _grants(entry: Entry, pairs: list[tuple[Ready, "Worker"]], seats: "Embedded") -> list[Grant]:
    by_agent = {seat.agent_id: seat for _, seat in pairs}
    pools = {item.id: item.pool for item, _ in pairs}
    leases = transitions.lease(entry, [_pick(entry, item, seat, entry.now) for item, seat in pairs])
    for lease in leases:
        seats.slots.take(by_agent[lease.pick.agent].number, pools[lease.pick.subtask])
    return [Grant(by_agent[lease.pick.agent], entry.run_id, lease, []) for lease in leases]


def _add_quick(
    entry: Entry, grants: list[Grant], chosen: list[Ready], shares: list[list[Ready]], seats: "Embedded"
) -> None:
    behind = {item.id: share for item, share in zip(chosen, shares)}
    for grant in grants:
        if share := behind[grant.lease.pick.subtask]:
            grant.quick = transitions.in_place([_pick(entry, item, grant.seat, None) for item in share])
            seats.reserve(grant.seat, grant.quick)


def _pick(entry: Entry, item: Ready, seat: "Worker", started_at: datetime | None) -> Pick:
    available = max(time for time in (moment(item.ready_at), entry["resumed_at"], seat.free_since) if time is not None)
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
