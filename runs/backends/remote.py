"""Work for Celery: whoever commits a change leases what can start to the queue, in the same transaction, and sends a
message for each when it has committed.

A message says which attempt, and nothing else. It is a hint: the attempt waits in the database, without a lease, until
a worker takes it up. A message that is lost is sent again by the sweep; one that comes twice finds the attempt taken.
"""

from django.db import transaction

from runs import broker, loop, transitions
from runs.engine import states
from runs.engine.schedule import Ready, choose
from runs.journal import Entry
from runs.models import Agent
from runs.reports import Report, Said
from runs.sql import moment
from runs.transitions import Lease, Pick

QUEUE = "celery"  # the agent that stands for the queue


def dispatch(entry: Entry) -> None:
    """Takes back what nobody wants any more, then fills the seats of the run."""
    _take_back(entry)
    while entry["status"] == states.Run.RUNNING:
        moved = entry.moved
        given = _give(entry)
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


def _give(entry: Entry) -> list[Lease]:
    limits = loop.policy(entry)
    under_way = loop.opened(entry, None, reading=loop.others_read(entry))
    wanted = max(0, min(entry.startable, limits.agents - under_way.total))
    if not wanted:
        return []
    chosen = choose(loop.first_ready(entry, wanted, 1, set(), quick=False), under_way, limits)[:wanted]
    agent = queue_agent()
    given = transitions.lease(entry, [_pick(entry, item, agent) for item in chosen])
    priorities = {item.id: item.priority for item in chosen}
    messages = [
        broker.Message(lease.attempt, lease.epoch, lease.pick.lane, priorities[lease.pick.subtask]) for lease in given
    ]
    if messages:
        transaction.on_commit(lambda: broker.publisher.send(messages), robust=True)
    return given


def _pick(entry: Entry, item: Ready, agent: int) -> Pick:
    return Pick(
        subtask=item.id,
        epoch=item.epoch,
        lane=item.lane,
        alone=item.alone,
        timeout_seconds=item.timeout_seconds,
        agent=agent,
        available_at=moment(item.ready_at) or entry.now,
        queued=True,
    )


def queue_agent() -> int:
    """Whom attempts belong to until a worker takes them up."""
    agent, _ = Agent.objects.get_or_create(name=QUEUE, token=None, defaults={"kind": "celery"})
    return agent.pk
