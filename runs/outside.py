"""What agents from outside may take of a run. Called in the transaction of whoever writes about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from runs import loop, transitions
from runs import statements as sql
from runs.engine.schedule import Ready, choose
from runs.journal import Entry
from runs.models import Agent, Backend
from runs.sql import moment
from runs.transitions import Lease, Pick

if TYPE_CHECKING:
    from runs.backends.embedded import Embedded

LOOKED_AT = 32  # of the line of each lane: as strategy and lanes may pass over the first


@dataclass(slots=True)
class Wanted:
    """What an agent asks for: up to `limit` subtasks. `since`: from when on it has been free. `leases`: what it got."""

    agent: Agent
    limit: int
    since: datetime
    leases: list[Lease] = field(default_factory=list)


def serve(entry: Entry, wanted: Iterable[Wanted], seats: "Embedded | None") -> None:
    """Gives each what it may take of this run now, first come, first served."""
    for one in wanted:
        one.leases = []
        while entry.for_agents and entry["backend"] != Backend.TRACKED and len(one.leases) < one.limit:
            moved = entry.moved
            given = _give(entry, one, seats)
            one.leases += given
            if not given and entry.moved == moved:
                break


def _give(entry: Entry, one: Wanted, seats: "Embedded | None") -> list[Lease]:
    limits = loop.policy(entry)
    under_way = loop.opened(entry, seats, reading=_anybody_reads(entry))
    left = min(one.limit - len(one.leases), limits.agents - under_way.total)
    ready = _ready(entry, one.agent, max(left, LOOKED_AT)) if left > 0 else []
    chosen = choose(ready, under_way, limits)[: max(0, left)]
    return transitions.lease(entry, [_pick(item, one) for item in chosen])


def _anybody_reads(entry: Entry) -> bool:
    return entry["strategy"] == "hybrid" and bool(sql.READING(run=entry.run_id, all=1)[0][0])


def _ready(entry: Entry, agent: Agent, limit: int) -> list[Ready]:
    """The first of its lanes that this agent may take. Those that cannot have what they claim have left the line."""
    found: list[Ready] = []
    capabilities = [(name,) for name in (*agent.capabilities, "simulate")]
    about = {"run": entry.run_id, "agent": agent.name, "anything": int(not agent.capabilities), "limit": limit}
    for lane in agent.lanes or ("query", "execute"):
        found += [Ready(*row) for row in sql.READY_OUTSIDE(capabilities, lane=lane, **about)]
    if claiming := [item.id for item in found if item.claiming]:
        out = transitions.screen(entry, claiming)
        found = [item for item in found if item.id not in out]
    return found


def _pick(item: Ready, one: Wanted) -> Pick:
    return Pick(
        subtask=item.id,
        epoch=item.epoch,
        lane=item.lane,
        alone=item.alone,
        timeout_seconds=item.timeout_seconds,
        agent=one.agent.pk,
        available_at=max(moment(item.ready_at) or one.since, one.since),
        token=one.agent.token_id,
    )
