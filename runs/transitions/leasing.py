"""Giving subtasks to agents."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings

from runs import statements as sql
from runs.engine import states
from runs.engine.modes import Mode
from runs.entry import Entry
from runs.leases import Lease, Pick
from runs.sql import json_value, stamp
from runs.transitions import claiming


def lease(entry: Entry, picks: Sequence[Pick], *, done_in_place: bool = False) -> list[Lease]:
    """Gives subtasks to agents, each with all its claims. Left out of the answer are those that another took meanwhile,
    and those that cannot have their claims now: they wait for them.

    `done_in_place`: each agent has done all of its own already, one after the other.
    """
    if not picks:
        return []
    desk = claiming.admit(entry, [pick.subtask for pick in picks])
    refused = desk.refused_ids if desk else set()
    by_id = {pick.subtask: pick for pick in picks if pick.subtask not in refused}
    wanted = [(pick.subtask, pick.epoch, stamp(pick.started_at)) for pick in by_id.values()]
    won = sql.LEASE_SUBTASKS(wanted, run=entry.run_id) if wanted else []
    leases = {row[0]: _lease(by_id[row[0]], *row[1:]) for row in won}
    if leases:
        agents = {given.pick.agent for given in leases.values()}
        count_beside(entry, len(leases), len(agents) if done_in_place else len(leases))
        _open(entry, leases)
    if desk:
        claiming.settle(entry, desk, leases)
    return list(leases.values())


def _open(entry: Entry, leases: dict[int, Lease]) -> None:
    made = sql.LEASE_ATTEMPTS(
        [_attempt_row(entry, given) for given in leases.values()],
        run=entry.run_id,
        now=stamp(entry.now),
        expires=_expires(entry, leases.values()),
        false=False,
        waits="",
    )
    for attempt, subtask in made:
        leases[subtask].attempt = attempt
        _opened(entry, leases[subtask])


def count_beside(entry: Entry, begun: int, together: int) -> None:
    """Keeps how many attempts were ever open at once, and how many began beside others: before they are counted as
    open. `begun` do now, `together` of them at the same time."""
    if entry["peak_open"] is None:
        return
    at_once = entry.open + together
    entry.mark(peak_open=max(entry["peak_open"], at_once))
    if at_once > 1:
        entry.add(overlapped=begun - (entry.open == 0))


def _expires(entry: Entry, leases: Iterable[Lease]) -> str | None:
    if any(given.pick.queued for given in leases):
        return None
    return stamp(entry.now + timedelta(seconds=settings.LEASE_SECONDS))


def of_leased(picks: Sequence[Pick]) -> list[Lease]:
    """What is to be done for subtasks that have been leased; the epoch is that of the lease."""
    found = {row[0]: row[1:] for row in sql.SPECS([(pick.subtask,) for pick in picks])} if picks else {}
    return [_lease(pick, pick.epoch, *found[pick.subtask][1:]) for pick in picks]


def in_place(picks: Sequence[Pick]) -> list[Lease]:
    """What is to be done for subtasks that will be leased only when they are done: quick work, run in place."""
    by_id = {pick.subtask: pick for pick in picks}
    found = {row[0]: row[1:] for row in sql.SPECS([(pick.subtask,) for pick in picks])}
    leases = [_lease(pick, pick.epoch + 1, *found[number][1:]) for number, pick in by_id.items() if number in found]
    for lease in leases:
        lease.attempts_used += 1  # the lease to come counts, as it does for everybody
    return leases


def _lease(
    pick: Pick, epoch: int, key: str, content: str, executor: Any, inputs: Any, verify: Any, *rest: Any
) -> Lease:
    given = Lease(0, epoch, pick, key, content, json_value(executor), json_value(inputs), *rest)
    given.verify = json_value(verify)
    return given


def _attempt_row(entry: Entry, given: Lease) -> tuple:
    pick = given.pick
    deadline = entry.now + timedelta(seconds=pick.timeout_seconds + settings.LEASE_SECONDS)
    leased = stamp(pick.started_at or entry.now)
    status = states.Attempt.RUNNING if pick.started_at else states.Attempt.LEASED
    available = stamp(pick.available_at)
    return (
        pick.subtask,
        given.epoch,
        pick.agent,
        pick.token,
        available,
        None if pick.queued else stamp(deadline),
        leased,
        stamp(pick.started_at),
        status,
    )


def _opened(entry: Entry, given: Lease) -> None:
    pick = given.pick
    since = entry.seconds(pick.started_at or entry.now)
    entry.add(pending=-1, in_progress=1, open_alone=pick.alone, open_started_sum=since)
    entry.add(outside=-(given.mode == Mode.EXTERNAL))
    entry.add(**{f"open_{pick.lane}": 1}, open_undeclared=pick.lane == "execute" and not given.declared)
    entry.load(pick.agent).opened += 1
    _note(entry, "leased", given, states.Status.PENDING)
    if pick.started_at:
        _note(entry, "started", given, states.Status.IN_PROGRESS)


def _note(entry: Entry, kind: str, given: Lease, before: states.Status) -> None:
    entry.note(
        kind,
        subtask=given.pick.subtask,
        attempt=given.attempt,
        epoch=given.epoch,
        agent=given.pick.agent,
        before=before,
        after=states.Status.IN_PROGRESS,
    )
