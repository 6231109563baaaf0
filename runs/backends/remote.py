"""Work for Celery: whoever commits a change leases what can start to the queue, in the same transaction, and sends a
message for each when it has committed.

A message says which attempt, and nothing else. It is a hint: the attempt waits in the database, without a lease, until
a worker takes it up. A message that is lost is sent again by the sweep; one that comes twice finds the attempt taken.

A worker that has just ended something may go on with what is next in the same run: that is leased to it with the end,
in one transaction, and needs no message.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from runs import transitions
from runs.backends.hand import Hand
from runs.engine import states
from runs.engine.schedule import Ready, choose
from runs.entry import Entry
from runs.leases import Pick
from runs.models import Agent
from runs.orchestrating import broker
from runs.reports import Report, Said
from runs.sql import moment
from runs.startable import first_ready, opened, others_read, policy

QUEUE = "celery"  # the agent that stands for the queue


def dispatch(entry: Entry, hands: Sequence[Hand] = ()) -> None:
    """Takes back what nobody wants any more, then fills the seats of the run."""
    _take_back(entry)
    while entry["status"] == states.Run.RUNNING:
        moved = entry.moved
        given = _give(entry, hands)
        if not given and entry.moved == moved:
            break


def _take_back(entry: Entry) -> None:
    """What was asked to stop and not begun has no worker who could hear of it; a run that is paused begins nothing."""
    paused = entry["status"] == states.Run.PAUSED and entry.open > 0
    if paused:
        _end(entry, transitions.waiting_in_queue(entry, unwanted=False), Said.RELEASE)
    elif entry["stopping"]:
        _end(entry, transitions.waiting_in_queue(entry, unwanted=True), Said.CANCEL)
    if paused or entry["stopping"]:
        transitions.close(entry)


def _end(entry: Entry, attempts: list[tuple[int, int]], said: Said) -> None:
    if attempts:
        transitions.apply(entry, [Report(said, entry.run_id, *attempt) for attempt in attempts], 0.0)


def _give(entry: Entry, hands: Sequence[Hand]) -> int:
    """How many it gave away: to hands, and to the queue what is left."""
    limits = policy(entry)
    under_way = opened(entry, reading=others_read(entry))
    wanted = max(0, min(entry.startable, limits.agents - under_way.total))
    if not wanted:
        return 0
    chosen = choose(first_ready(entry, wanted, 1, set(), quick=False), under_way, limits)[:wanted]
    pairs = _paired(chosen, hands)
    taken = {item.id for item, _ in pairs}
    return _hand_over(entry, pairs) + _queue(entry, [item for item in chosen if item.id not in taken])


def _paired(chosen: Sequence[Ready], hands: Sequence[Hand]) -> list[tuple[Ready, Hand]]:
    free = [hand for hand in hands if hand.lease is None]
    pairs = []
    for item in chosen:
        hand = next((hand for hand in free if item.lane in hand.lanes), None)
        if hand is not None:
            free.remove(hand)
            pairs.append((item, hand))
    return pairs


def _hand_over(entry: Entry, pairs: Sequence[tuple[Ready, Hand]]) -> int:
    by_agent = {hand.agent: hand for _, hand in pairs}
    given = transitions.lease(entry, [_pick(entry, item, hand.agent, hand.free_since) for item, hand in pairs])
    for lease in given:
        by_agent[lease.pick.agent].lease = lease
    return len(given)


def _queue(entry: Entry, items: Sequence[Ready]) -> int:
    if not items:
        return 0
    agent = queue_agent()
    given = transitions.lease(entry, [_pick(entry, item, agent, None) for item in items])
    priorities = {item.id: item.priority for item in items}
    messages = [
        broker.Message(lease.attempt, lease.epoch, pick.lane, priorities[pick.subtask], pick.timeout_seconds)
        for lease in given
        for pick in [lease.pick]
    ]
    if messages:
        transaction.on_commit(lambda: broker.publisher.send(messages), robust=True)
    return len(given)


def _pick(entry: Entry, item: Ready, agent: int, free_since: datetime | None) -> Pick:
    """`free_since` is a hand's, who begins at once; in the queue nobody does."""
    times = (moment(item.ready_at), entry["resumed_at"] if free_since else None, free_since)
    return Pick(
        subtask=item.id,
        epoch=item.epoch,
        lane=item.lane,
        alone=item.alone,
        timeout_seconds=item.timeout_seconds,
        agent=agent,
        available_at=max((time for time in times if time is not None), default=entry.now),
        started_at=entry.now if free_since else None,
        queued=free_since is None,
    )


def queue_agent() -> int:
    """Whom attempts belong to until a worker takes them up."""
    agent, _ = Agent.objects.get_or_create(name=QUEUE, token=None, defaults={"kind": "celery"})
    return agent.pk
