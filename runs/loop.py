"""One pass over one run: let go of what waited for its time, start the run, give work to free seats, close it.

Whoever commits a change to a run makes a pass follow, in the same transaction. What no change asks for is found by the
sweep (`runs/sweep.py`).
"""

from collections.abc import Sequence
from datetime import datetime

from runs import statements as sql
from runs import transitions
from runs.backends import remote
from runs.backends.embedded import Embedded
from runs.backends.hand import Hand
from runs.backends.seat import Grant, Worker
from runs.backends.slots import Wish
from runs.engine import budget, states
from runs.engine.pools import slots_of
from runs.engine.schedule import Ready, choose, share_out
from runs.entry import Entry
from runs.leases import Pick
from runs.orchestrating import mirror
from runs.sql import json_value, moment
from runs.startable import first_ready, opened, others_read, policy

DEEPEST = 4_096  # of the line, in rows for each free seat
ELSEWHERE = ("celery", "tracked")  # backends whose work is never done in this process


def run_pass(entry: Entry, seats: Embedded | None, hands: Sequence[Hand] = ()) -> list[Grant]:
    """Does everything that can be done for this run now, and says what each seat is to do. `hands`: of Celery workers,
    free for more of this run."""
    if not entry.ended:
        _move_on(entry)
    if entry["backend"] == "celery":
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


def _dispatch(entry: Entry, seats: Embedded) -> list[Grant]:
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


def _give(entry: Entry, seats: Embedded, depth: int) -> list[Grant]:
    limits = policy(entry, seats.slots.room)
    under_way = opened(entry, seats.working_in_place(entry.run_id), reading=others_read(entry))
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


def _wish(entry: Entry, seats: Embedded, ready: Sequence[Ready], mine: Sequence[Ready]) -> Wish | None:
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


def _grants(entry: Entry, pairs: list[tuple[Ready, Worker]], seats: Embedded) -> list[Grant]:
    by_agent = {seat.agent_id: seat for _, seat in pairs}
    pools = {item.id: item.pool for item, _ in pairs}
    leases = transitions.lease(entry, [_pick(entry, item, seat, entry.now) for item, seat in pairs])
    for lease in leases:
        seats.slots.take(by_agent[lease.pick.agent].number, pools[lease.pick.subtask])
    return [Grant(by_agent[lease.pick.agent], entry.run_id, lease, []) for lease in leases]


def _add_quick(
    entry: Entry, grants: list[Grant], chosen: list[Ready], shares: list[list[Ready]], seats: Embedded
) -> None:
    behind = {item.id: share for item, share in zip(chosen, shares)}
    for grant in grants:
        if share := behind[grant.lease.pick.subtask]:
            grant.quick = transitions.in_place([_pick(entry, item, grant.seat, None) for item in share])
            seats.reserve(grant.seat, grant.quick)


def _pick(entry: Entry, item: Ready, seat: Worker, started_at: datetime | None) -> Pick:
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
