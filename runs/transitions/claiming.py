"""Claims: taken with the lease, all of them or none; given back with the end of the attempt, whatever the end.

A subtask that cannot have its claims is taken out of the line with the reason written on it (`waits_key` names what
must end or change first), and comes back in the transaction in which that happens. So nobody is looked at again and
again, and why somebody waits, and for whom, is always known. A run in which nobody claims anything pays nothing for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.conf import settings

from runs import statements as sql
from runs.claims import limits
from runs.engine.claiming import Book, Bucket, Hold, Obstacle, Rank, Seeker, refilled
from runs.engine.modes import Mode
from runs.engine.states import WAIT_COUNTER, Wait
from runs.entry import Entry
from runs.leases import Lease
from runs.sql import json_text, json_value, moment, stamp
from runs.transitions.line import bring_back, call_twins
from runs.transitions.unstarted import give_up
from todos.plan.claims import API, COUNTED, Claim

T = TypeVar("T", int, float)


@dataclass(slots=True)
class Desk:
    """The claims of some subtasks of a run, and what came of asking for them."""

    book: Book
    seekers: dict[int, Seeker]
    refused: list[tuple[Seeker, Obstacle]] = field(default_factory=list)

    @property
    def refused_ids(self) -> set[int]:
        return {seeker.subtask for seeker, _ in self.refused}


def screen(entry: Entry, subtasks: Sequence[int]) -> set[int]:
    """Takes those out of the line that cannot have their claims as things stand. Says which."""
    desk = _desk(entry, subtasks)
    if desk is None:
        return set()
    for seeker in sorted(desk.seekers.values(), key=lambda seeker: seeker.rank):
        if obstacle := desk.book.obstacle(seeker):
            desk.refused.append((seeker, obstacle))
    _hold_back(entry, desk.refused, {})
    return desk.refused_ids


def admit(entry: Entry, subtasks: Sequence[int]) -> Desk | None:
    """Asks for the claims of subtasks about to be leased, first things first; None when they have none."""
    desk = _desk(entry, subtasks)
    if desk is not None:
        for seeker in (desk.seekers[number] for number in subtasks if number in desk.seekers):
            if obstacle := desk.book.obstacle(seeker):
                desk.refused.append((seeker, obstacle))
            else:
                desk.book.take(seeker)
    return desk


def settle(entry: Entry, desk: Desk, leases: Mapping[int, Lease]) -> None:
    """Writes down what the leased ones hold now, and takes the refused out of the line."""
    attempts = {number: lease.attempt for number, lease in leases.items()}
    given = [seeker for number, seeker in desk.seekers.items() if number in attempts]
    held = [
        (attempts[seeker.subtask], seeker.subtask, *claim)
        for seeker in given
        for claim in seeker.claims
        if claim.kind != API
    ]
    if held:
        sql.TAKE_HOLDS(held, run=entry.run_id)
    _spend(entry, desk, given)
    if given:
        call_twins(entry, [seeker.subtask for seeker in given])
    _hold_back(entry, desk.refused, attempts)


def let_go(entry: Entry, attempts: Iterable[int]) -> None:
    """Gives back what these attempts held; whoever waited for it comes back into line."""
    released = sql.RELEASE_HOLDS([(number,) for number in attempts])
    keys = {f"attempt/{attempt}" for attempt, _, _ in released}
    keys |= {f"{kind}/{name}" for _, kind, name in released if kind in COUNTED}
    if keys:
        entry.woken |= bring_back(sql.WAITING_ON([(key,) for key in keys]), entry.now, entry)


def look_again(entry: Entry) -> None:
    """Lets those back into line whose time has come."""
    if entry["held_back"] or entry["rate_limited"]:
        bring_back(sql.WAITED_LONG_ENOUGH(run=entry.run_id, now=stamp(entry.now)), entry.now, entry)


# ---- asking ----


def _desk(entry: Entry, subtasks: Sequence[int]) -> Desk | None:
    if not entry["claiming"]:
        return None
    seekers = [_seeker(*row) for row in sql.CLAIMS([(number,) for number in subtasks])]
    return Desk(_book(entry, seekers), {seeker.subtask: seeker for seeker in seekers}) if seekers else None


def _seeker(subtask: int, priority: int, remaining: float, position: int, claims: object, group: str) -> Seeker:
    found = [Claim(**claim) for claim in json_value(claims)]
    return Seeker(subtask, (priority, -remaining, position, subtask), found, group)


def _book(entry: Entry, seekers: Sequence[Seeker]) -> Book:
    wanted = {(claim.kind, claim.name) for seeker in seekers for claim in seeker.claims}
    set_limits = {(row[0], row[1]): row[2:] for row in sql.RESOURCES(wanted)}
    capacities = {
        (kind, name): _or_else(set_limits.get((kind, name), (None,))[0], limits.default_capacity(kind))
        for kind, name in wanted
        if kind in COUNTED
    }
    buckets = {name: _bucket(entry, *set_limits.get((kind, name), (None,) * 4)) for kind, name in wanted if kind == API}
    if buckets:
        _queue(buckets)
    since = entry.now - timedelta(seconds=settings.CLAIM_PATIENCE_SECONDS)
    return Book(
        holds=[Hold(attempt, subtask, Claim(*claim)) for attempt, subtask, *claim in sql.HOLDS()],
        capacities=capacities,
        buckets=buckets,
        starving=[_seeker(*row) for row in sql.STARVING(since=stamp(since))],
    )


def _or_else(value: T | None, default: T) -> T:
    return default if value is None else value


def _bucket(entry: Entry, _: object, per_second: float | None, tokens: float | None, since: object) -> Bucket:
    """As it is now. One that was never used is full."""
    rate = _or_else(per_second, limits.default_per_second())
    full = Bucket(rate, 0.0).size
    last = moment(since)
    passed = (entry.now - last).total_seconds() if last else 0.0
    return Bucket(rate, refilled(_or_else(tokens, full), rate, passed))


def _queue(buckets: Mapping[str, Bucket]) -> None:
    for subtask, priority, remaining, position, waits_claim in sql.QUEUE([(f"{API}/{name}",) for name in buckets]):
        claim = Claim(**json_value(waits_claim))
        buckets[claim.name].queue[subtask] = ((priority, -remaining, position, subtask), claim.amount)


# ---- writing down ----


def _spend(entry: Entry, desk: Desk, given: Sequence[Seeker]) -> None:
    """What was taken for a lease that another won meanwhile is put back first."""
    leased = {seeker.subtask for seeker in given} | desk.refused_ids
    for seeker in (seeker for number, seeker in desk.seekers.items() if number not in leased):
        for claim in (claim for claim in seeker.claims if claim.kind == API):
            desk.book.buckets[claim.name].tokens += claim.amount
    spent = [(name, bucket.tokens) for name, bucket in desk.book.buckets.items() if bucket.spent]
    if spent:
        sql.SPEND(spent, now=stamp(entry.now))


def _hold_back(entry: Entry, refused: Sequence[tuple[Seeker, Obstacle]], attempts: Mapping[int, int]) -> None:
    """`attempts`: those just made, by subtask. Whoever is in the way of somebody who lost its lease after all is not:
    that one stays in line."""
    out = []
    for seeker, obstacle in sorted(refused, key=lambda one: one[0].rank):
        if obstacle.too_large:
            give_up(entry, seeker.subtask, f"it {limits.in_words(obstacle.claim)}, more than there are")
        elif not obstacle.behind or obstacle.behind in attempts:
            out.append((seeker, obstacle))
    if not out:
        return
    first = _first_of_twins(entry, [seeker for seeker, _ in out])
    rows = [_row(entry, *one, attempts) for one in out if one[0].subtask == first[one[0].subtask][-1]]
    why = {seeker.group: (seeker, obstacle) for seeker, obstacle in reversed(out) if seeker.group}
    behind = [_behind(entry, *one, first[one[0].subtask]) for one in why.values()]
    gone = sql.HOLD_BACK(rows, run=entry.run_id) + sql.STAND_BEHIND(behind, run=entry.run_id)
    entry.moved += len(gone)
    for _, wait, mode in gone:
        entry.add(**{WAIT_COUNTER[wait]: 1}, outside=-(mode == Mode.EXTERNAL))


def _first_of_twins(entry: Entry, seekers: Sequence[Seeker]) -> dict[int, Rank]:
    """For each of these, the rank of the first among its twins that are out of the line, or will be."""
    firsts = {seeker.group or seeker.subtask: seeker.rank for seeker in reversed(seekers)}
    groups = {seeker.group for seeker in seekers if seeker.group}
    for group, subtask, priority, remaining, position in sql.FIRST_OF_TWINS([(group,) for group in groups]):
        firsts[group] = min(firsts[group], (priority, -remaining, position, subtask))
    return {seeker.subtask: firsts[seeker.group or seeker.subtask] for seeker in seekers}


def _row(entry: Entry, seeker: Seeker, obstacle: Obstacle, attempts: Mapping[int, int]) -> tuple:
    key = f"attempt/{attempts[obstacle.behind]}" if obstacle.behind else obstacle.key
    until = entry.now + timedelta(seconds=obstacle.seconds) if obstacle.seconds is not None else None
    since = entry.now if obstacle.wait is Wait.RESOURCE else None
    return (
        seeker.subtask,
        obstacle.wait,
        key,
        json_text(obstacle.claim._asdict()),
        stamp(until),
        stamp(since),
    )


def _behind(entry: Entry, seeker: Seeker, obstacle: Obstacle, first: Rank) -> tuple:
    priority, remaining, position, _ = first
    since = entry.now if obstacle.wait is Wait.RESOURCE else None
    claim = json_text(obstacle.claim._asdict())
    return (seeker.group, priority, -remaining, position, obstacle.wait, claim, stamp(since))
