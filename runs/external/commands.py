"""What agents from outside are told: it comes with the answer to their next heartbeat.

A cancel or a pause, whether it follows from the state of the run or was sent, is repeated in every answer while the
attempt it meets is open. A message is repeated until the agent says that it knows.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from runs import statements as sql
from runs import tokens
from runs.engine import states
from runs.entry import Entry
from runs.models import Attempt, Command, Delivery, Order
from runs.reports import Found, Report, Verdict
from runs.sql import json_value, moment
from todos.problems import Busy

MOST_URGENT = 1
NORMAL = 3
TOLD_AT_ONCE = 100


class BusFull(Busy):
    """More commands wait for agents than are kept."""


def tell(agents: Sequence[int], order: str, data: Any, *, priority: int = NORMAL) -> Command:
    """Says something to these agents. Raises BusFull."""
    with transaction.atomic():
        _clear()
        if Delivery.objects.count() + len(agents) > settings.COMMANDS_KEPT:
            raise BusFull(f"{settings.COMMANDS_KEPT:,} commands wait for agents")
        command = Command.objects.create(command=order, priority=priority, data=data)
        Delivery.objects.bulk_create(Delivery(command=command, agent_id=agent) for agent in agents)
        return command


def broadcast(run_id: int, order: str, data: Any, *, priority: int = NORMAL) -> Command:
    """Says something to every agent that is at work on this run and can hear it. Raises BusFull."""
    at_work = Attempt.objects.filter(run=run_id, status__in=states.ATTEMPT_OPEN)
    at_work = at_work.filter(Q(agent__token__isnull=False) | Q(pk__in=tokens.lent_now().values("attempt")))
    agents = sorted(set(at_work.values_list("agent", flat=True)))
    return tell(agents, order, data, priority=priority)


def _clear() -> None:
    """Forgets what nobody is left to be told: the attempts that a cancel or a pause met have ended, all know it."""
    stale = Delivery.objects.exclude(command__command=Order.MESSAGE)
    for delivery in stale.select_related("command") if stale.exists() else ():
        met = Attempt.objects.filter(agent=delivery.agent_id, status__in=states.ATTEMPT_OPEN)
        if not met.filter(leased_at__lte=delivery.command.created_at).exists():
            delivery.delete()
    Command.objects.filter(deliveries=None).delete()


def answer(entry: Entry, reports: Iterable[Report]) -> None:
    """In the transaction of these reports: forgets the messages that their agents know, and fills in what each is to be
    told now, most urgent first, TOLD_AT_ONCE messages at most."""
    beats = [(one, one.found, one.ack) for one in reports if one.verdict is Verdict.ACCEPTED and one.ack is not None]
    if not beats:
        return
    for _, found, ack in beats:
        if ack and found:
            acknowledge(found.agent, ack)
    sent = _sent_to({found.agent for _, found, _ in beats if found})
    for report, found, _ in beats:
        if found:
            told = _of_state(entry, found) + _meant(found, sent.get(found.agent, []))
            report.orders = sorted(told, key=lambda one: one["priority"])


def acknowledge(agent: int, numbers: Sequence[int]) -> None:
    """The agent knows these messages."""
    Delivery.objects.filter(agent=agent, command__in=numbers, command__command=Order.MESSAGE).delete()


def _sent_to(agents: Iterable[int]) -> dict[int, list[tuple]]:
    """By agent, what was sent to it: number, order, priority, data, when; most urgent first."""
    found: dict[int, list[tuple]] = {}
    for agent, *command in sql.SENT([(agent,) for agent in agents]):
        found.setdefault(agent, []).append(tuple(command))
    return found


def _meant(found: Found, sent: Sequence[tuple]) -> list[dict[str, Any]]:
    """What was said since the attempt began, and messages; but a worker of ours is another agent with each attempt."""
    begun = moment(found.leased_at)
    outside = found.token is not None
    meant = [
        one
        for one in sent
        if (outside and one[1] == Order.MESSAGE) or begun is None or (moment(one[4]) or begun) >= begun
    ]
    told = [(order, priority, json_value(data), str(number)) for number, order, priority, data, _ in meant]
    return [_told(*one) for one in told[:TOLD_AT_ONCE]]


def _of_state(entry: Entry, attempt: Found) -> list[dict[str, Any]]:
    """What follows from where its subtask and its run stand."""
    about = {"run": str(entry.run_id), "subtask": attempt.key}
    found = []
    if attempt.cancel_requested_at is not None:
        found.append(_told(Order.CANCEL, MOST_URGENT, about))
    if entry["status"] == states.Run.PAUSED:
        found.append(_told(Order.PAUSE, MOST_URGENT, about))
    return found


def _told(order: str, priority: int, data: Any, number: str | None = None) -> dict[str, Any]:
    return {"id": number, "command": str(order), "priority": priority, "data": data}
