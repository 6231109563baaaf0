"""Which ready subtasks start now.

List scheduling: a free agent takes the ready subtask that comes first by priority, then by the longest remaining path,
then in the order it was written. Strategies and lanes only narrow what may be taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.engine.pools import COORDINATION, slots_of

# Work expected to take less is run in place, behind other work, instead of a dispatch of its own: it would cost more
# to hand out than to do.
IN_PLACE_SECONDS = 0.1
IN_PLACE_MOST = 64


@dataclass(frozen=True, slots=True)
class Ready:
    """A subtask that can start. Its fields are the columns of `statements.READY`, in their order."""

    id: int
    epoch: int
    lane: str
    alone: bool
    priority: int
    remaining_seconds: float
    position: int
    timeout_seconds: float
    expected_seconds: float
    ready_at: Any = None  # as the database gives it
    declared: bool = False  # it says what it claims, if only that it claims nothing
    claiming: bool | None = False
    shared: bool = False  # whoever comes first may take it
    pool: str = COORDINATION

    @property
    def quick(self) -> bool:
        """Claims are held by attempts, and what is run in place has none until it is done; nor does anybody else see
        that it is taken."""
        apart = self.alone or self.claiming or self.shared
        return self.expected_seconds < IN_PLACE_SECONDS and not apart

    @property
    def rank(self) -> tuple[int, float, int]:
        return self.priority, -self.remaining_seconds, self.position


@dataclass(frozen=True, slots=True)
class Open:
    """Attempts that are open in the run: by lane, those that must have nothing beside them, and those of the lane
    `execute` of which nobody knows what they claim. `reading`: others are about to read."""

    query: int = 0
    execute: int = 0
    alone: int = 0
    undeclared: int = 0
    reading: bool = False

    @property
    def total(self) -> int:
        return self.query + self.execute


@dataclass(frozen=True, slots=True)
class Policy:
    """What a run allows: its strategy, its agents, and how many attempts each lane may have open. `room`: how many more
    the limits of pools leave, of all runs."""

    strategy: str
    max_agents: int
    lane_limits: Mapping[str, int]
    room: Mapping[str, int] = field(default_factory=dict)

    @property
    def agents(self) -> int:
        return 1 if self.strategy == "sequential" else self.max_agents


def choose(ready: Sequence[Ready], opened: Open, policy: Policy) -> list[Ready]:
    """The subtasks to start, first things first; `ready` may come in any order.

    One that must be alone waits until nothing is open, and what ranks below it waits for it: otherwise its turn would
    never come. Only what its lane or its pool keeps out is passed over.
    """
    free = policy.agents - opened.total
    if opened.alone or free <= 0:
        return []
    left, slots = _room(ready, opened, policy), dict(policy.room)
    chosen: list[Ready] = []
    for item in sorted(ready, key=lambda item: item.rank):
        if len(chosen) == free:
            break
        if left[item.lane] <= 0 or (slots and _is_full(item.pool, slots)):
            continue
        if item.alone:
            return chosen or ([] if opened.total else [item])
        if _changes_alone(item, policy):
            left["execute"] = 0
            if opened.execute or any(other.lane == "execute" for other in chosen):
                continue
        else:
            left[item.lane] -= 1
        chosen.append(item)
        for slot in slots_of(item.pool) if slots else ():
            slots[slot] = slots.get(slot, free) - 1
    return chosen


def _is_full(pool: str, slots: Mapping[str, int]) -> bool:
    return any(slots.get(slot, 1) <= 0 for slot in slots_of(pool))


def _changes_alone(item: Ready, policy: Policy) -> bool:
    """Under `hybrid` changes go one at a time, unless what they claim keeps them apart where they must be."""
    return policy.strategy == "hybrid" and item.lane == "execute" and not item.declared


def _room(ready: Sequence[Ready], opened: Open, policy: Policy) -> dict[str, int]:
    """How many more attempts each lane may have.

    Under `hybrid` all that only reads goes first, together; then what changes things, with nothing beside it
    that reads.
    """
    left = {
        "query": policy.lane_limits.get("query", policy.agents) - opened.query,
        "execute": policy.lane_limits.get("execute", policy.agents) - opened.execute,
    }
    if policy.strategy == "hybrid":
        reading = opened.query > 0 or opened.reading or any(item.lane == "query" for item in ready)
        if reading or opened.undeclared:
            left["execute"] = 0
        if opened.execute:
            left["query"] = 0
    return left


def share_out(ready: Sequence[Ready], chosen: Sequence[Ready]) -> list[list[Ready]]:
    """For each chosen subtask, the quick ones that may follow it in its seat.

    Only those that come next in rank, of the same lane and pool, and only behind a quick one: nothing that is worth a
    dispatch of its own is overtaken, and nothing quick waits behind something slow. Changes of which nobody knows what
    they claim do not follow those of which one does: other changes may be going on beside them.
    """
    shares: list[list[Ready]] = [[] for _ in chosen]
    taken = {item.id for item in chosen}
    hosts = [at for at, item in enumerate(chosen) if item.quick]
    budget = [IN_PLACE_SECONDS - item.expected_seconds for item in chosen]
    for item in sorted(ready, key=lambda item: item.rank):
        if item.id in taken:
            continue
        hosts = [at for at in hosts if budget[at] >= item.expected_seconds and len(shares[at]) < IN_PLACE_MOST]
        fitting = [at for at in hosts if _may_follow(item, chosen[at])]
        if not item.quick or not fitting:
            break
        at = min(fitting, key=lambda at: len(shares[at]))
        shares[at].append(item)
        budget[at] -= item.expected_seconds
    return shares


def _may_follow(item: Ready, host: Ready) -> bool:
    return (
        item.lane == host.lane
        and item.pool == host.pool
        and (item.declared or item.lane == "query" or not host.declared)
    )
