"""What agents from outside may take of a run. Called in the transaction of whoever writes about it."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from runs import statements as sql
from runs import transitions
from runs.backends.embedded import Embedded
from runs.engine.schedule import Ready, choose
from runs.entry import Entry
from runs.external.wanted import Wanted
from runs.leases import Pick
from runs.models import Backend
from runs.sql import moment
from runs.startable import opened, policy

LOOKED_AT = 32  # of the line of each lane: as strategy and lanes may pass over the first


def serve(entry: Entry, wanted: Iterable[Wanted], seats: Embedded | None) -> None:
    """Gives each what it may take of this run now, first come, first served: in one go those who may take the same."""
    alike: dict[object, list[Wanted]] = {}
    for one in wanted:
        one.leases = []
        alike.setdefault((one.agent.lanes, one.agent.capabilities), []).append(one)
    for group in alike.values():
        while (left := [one for one in group if one.left]) and _may_give(entry):
            moved = entry.moved
            if not _give(entry, left, seats) and entry.moved == moved:
                break


def _may_give(entry: Entry) -> bool:
    return entry.for_agents and entry["backend"] != Backend.TRACKED


def _give(entry: Entry, group: Sequence[Wanted], seats: Embedded | None) -> bool:
    """Whether anybody was given anything."""
    limits = policy(entry)
    in_place = seats.working_in_place(entry.run_id) if seats else None
    under_way = opened(entry, in_place, reading=_anybody_reads(entry))
    left = min(sum(one.left for one in group), limits.agents - under_way.total)
    ready, meant_for = _ready(entry, group, max(left, LOOKED_AT)) if left > 0 else ([], {})
    chosen = choose(ready, under_way, limits)[: max(0, left)]
    takers = _share_out([(item.id, meant_for[item.id]) for item in chosen], group)
    given = transitions.lease(entry, [_pick(item, takers[item.id]) for item in chosen if item.id in takers])
    for lease in given:
        takers[lease.pick.subtask].leases.append(lease)
    return bool(given)


def _share_out(chosen: Sequence[tuple[int, str]], group: Sequence[Wanted]) -> dict[int, Wanted]:
    """Who gets which of these subtasks (id, and the agent it is meant for): the first that wants one more."""
    left = [one.left for one in group]
    takers: dict[int, Wanted] = {}
    for number, name in chosen:
        for at, one in enumerate(group):
            if left[at] and name in ("", one.agent.name):
                takers[number] = one
                left[at] -= 1
                break
    return takers


def _anybody_reads(entry: Entry) -> bool:
    return entry["strategy"] == "hybrid" and bool(sql.READING(run=entry.run_id, all=1)[0][0])


def _ready(entry: Entry, group: Sequence[Wanted], limit: int) -> tuple[list[Ready], dict[int, str]]:
    """The first of their lanes that one of these agents may take, and the agent each is meant for ("": any). Those that
    cannot have what they claim have left the line."""
    found: list[Ready] = []
    meant_for: dict[int, str] = {}
    agent = group[0].agent
    rows = list(zip_longest({one.agent.name for one in group}, (*agent.capabilities, "simulate")))
    about = {"run": entry.run_id, "anything": int(not agent.capabilities), "limit": limit}
    for lane in agent.lanes or ("query", "execute"):
        for *row, name in sql.READY_OUTSIDE(rows, lane=lane, **about):
            found.append(Ready(*row))
            meant_for[row[0]] = name
    if claiming := [item.id for item in found if item.claiming]:
        out = transitions.screen(entry, claiming)
        found = [item for item in found if item.id not in out]
    return found, meant_for


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
