"""What agents from outside are told: it comes with the answer to their next heartbeat.

A cancel or a pause, whether it follows from the state of the run or was sent, is repeated in every answer while the
attempt it meets is open. A message is repeated until the agent says that it knows.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from runs import nested
from runs.engine import states
from runs.models import Attempt, Command, Delivery, Order
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
    at_work = at_work.filter(Q(agent__token__isnull=False) | Q(pk__in=nested.lent_now().values("attempt")))
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


def acknowledge(agent: int, numbers: Sequence[int]) -> None:
    """The agent knows these messages."""
    known = Delivery.objects.filter(agent=agent, command__in=numbers, command__command=Order.MESSAGE)
    if numbers:
        known.delete()


def waiting_for(attempt: Attempt) -> list[dict[str, Any]]:
    """What the agent of this attempt is to be told now, most urgent first, TOLD_AT_ONCE messages at most."""
    found = _of_state(attempt)
    sent = Command.objects.filter(deliveries__agent=attempt.agent_id).order_by("priority", "pk")
    meant = Q(created_at__gte=attempt.leased_at)
    if attempt.agent.token_id is not None:  # a worker of ours is another agent with each attempt
        meant |= Q(command=Order.MESSAGE)
    for command in sent.filter(meant)[:TOLD_AT_ONCE]:
        found.append(_told(command.command, command.priority, command.data, str(command.pk)))
    return sorted(found, key=lambda told: told["priority"])


def _of_state(attempt: Attempt) -> list[dict[str, Any]]:
    """What follows from where its subtask and its run stand."""
    subtask, run = attempt.subtask, attempt.run
    about = {"run": str(run.pk), "subtask": subtask.key}
    found = []
    if subtask.cancel_requested_at is not None and attempt.status in states.ATTEMPT_OPEN:
        found.append(_told(Order.CANCEL, MOST_URGENT, about))
    if run.status == states.Run.PAUSED:
        found.append(_told(Order.PAUSE, MOST_URGENT, about))
    return found


def _told(order: str, priority: int, data: Any, number: str | None = None) -> dict[str, Any]:
    return {"id": number, "command": str(order), "priority": priority, "data": data}
