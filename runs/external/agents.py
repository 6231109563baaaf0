"""Agents from outside: they register under a token, below another agent if they like."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from runs.engine import states
from runs.external.wanted import Seeker
from runs.models import Agent, Attempt, Token
from runs.sql import Statement, json_value, moment
from todos.principal import Principal
from todos.problems import Conflict, Forbidden, Invalid, Missing

OWN_KINDS = ("embedded", "celery", "person")  # of those who work for the server itself
HEARD_EVERY = timedelta(seconds=5)


@dataclass(slots=True)
class Registration:
    """What an agent says of itself. `parent`: the id of another, or its name under the same token."""

    name: str
    kind: str = "agent"
    parent: str | None = None
    capabilities: Sequence[str] = ()
    lanes: Sequence[str] = field(default=("query", "execute"))


def visible(principal: Principal) -> QuerySet[Agent]:
    """The owner's, and the server's own workers; to an agent, those that are registered with its token."""
    if principal.scope == "agent":
        return Agent.objects.filter(token=principal.token_id)
    return Agent.objects.filter(Q(token__owner=principal.owner_id) | Q(token=None)).exclude(kind="person")


def get(principal: Principal, number: int) -> Agent:
    """Raises Missing when there is none, or it is somebody else's."""
    agent = visible(principal).filter(pk=number).first()
    if agent is None:
        raise Missing("There is no such agent.")
    return agent


# In SQL, as it is asked with each lease: building a query takes longer than asking it.
_NAMED = Statement(
    "",
    """
    SELECT id, capabilities, lanes, last_beat_at, retired_at FROM runs_agent
    WHERE token_id = %(token)s AND name = %(name)s
    """,
)


def named(principal: Principal, name: str) -> Seeker:
    """The agent of that name that is registered with this token; it is heard of now, and so retired no more. Raises
    Invalid at `/agent`."""
    found = _NAMED(token=principal.token_id, name=name) if principal.token_id else []
    if not found:
        raise Invalid.at("/agent", "no agent of this name is registered with this token")
    [(number, capabilities, lanes, last_beat_at, retired_at)] = found
    now = timezone.now()
    # Asked here, since an UPDATE waits for whoever writes even if it finds none.
    if cast(datetime, moment(last_beat_at)) < now - HEARD_EVERY or retired_at is not None:
        Agent.objects.filter(pk=number).update(last_beat_at=now, retired_at=None)
    return Seeker(number, name, principal.token_id, tuple(json_value(capabilities)), tuple(json_value(lanes)))


@transaction.atomic
def register(principal: Principal, said: Registration) -> tuple[Agent, bool]:
    """The agent, and whether it is new. One that is there already is what it now says it is, and stays where it is.

    Raises Forbidden without a token, Invalid for a parent that cannot be one, Conflict where there is no room.
    """
    if principal.token_id is None:
        raise Forbidden("An agent registers with a token.")
    if said.kind in OWN_KINDS:
        raise Invalid.at("/kind", "this is what the server calls its own")
    Token.objects.select_for_update().get(pk=principal.token_id)  # two at once take turns
    parent = _parent(principal, said.parent)
    agent = Agent.objects.filter(token=principal.token_id, name=said.name).first()
    if agent is not None:
        _update(agent, said, parent)
        return agent, False
    _refuse_crowd(parent, principal.token_id)
    return _make(principal.token_id, said, parent), True


def _make(token: int, said: Registration, parent: Agent | None) -> Agent:
    return Agent.objects.create(
        name=said.name,
        kind=said.kind,
        token_id=token,
        parent=parent,
        depth=parent.depth + 1 if parent else 1,
        capabilities=list(said.capabilities),
        lanes=list(said.lanes),
    )


def _update(agent: Agent, said: Registration, parent: Agent | None) -> None:
    if parent is not None and parent.pk != agent.parent_id:
        raise Invalid.at("/parent", "this agent is registered below another, or below none")
    agent.kind, agent.capabilities, agent.lanes = said.kind, list(said.capabilities), list(said.lanes)
    agent.last_beat_at, agent.retired_at = timezone.now(), None
    agent.save()


def _parent(principal: Principal, text: str | None) -> Agent | None:
    """Of the same owner by its id, else of the same token by its name. None named: whoever holds the attempt with which
    the token was lent."""
    if text is None:
        return Agent.objects.get(pk=_holder(principal.attempt_id)) if principal.attempt_id else None
    found = None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        found = visible(principal).filter(pk=int(text), token__isnull=False).first()
    found = found or Agent.objects.filter(token=principal.token_id, name=text).first()
    if found is None:
        raise Invalid.at("/parent", "there is no such agent")
    if found.depth >= settings.AGENT_DEPTH:
        raise Invalid.at("/parent", f"agents stand {settings.AGENT_DEPTH} deep at most")
    return found


def _holder(attempt: int) -> int:
    return Attempt.objects.values_list("agent", flat=True).get(pk=attempt)


def _refuse_crowd(parent: Agent | None, token: int) -> None:
    """Those who have been silent for long, and are at nothing, do not count; nor do those of earlier attempts."""
    since = timezone.now() - timedelta(seconds=settings.AGENT_FORGOTTEN_SECONDS)
    at_work = Attempt.objects.filter(status__in=states.ATTEMPT_OPEN).values("agent")
    there = Agent.objects.filter(Q(last_beat_at__gt=since) | Q(pk__in=at_work), token__isnull=False)
    if (count := there.count()) >= settings.AGENTS_MOST:
        raise Conflict(f"this server has {settings.AGENTS_MOST:,} agents, as many as it takes", current=count)
    if parent is not None:
        most = settings.AGENT_SPECIALISTS if parent.depth == 1 else settings.AGENT_EXECUTORS
        below = there.filter(parent=parent) if parent.token_id else there.filter(parent=parent, token=token)
        if (count := below.count()) >= most:
            raise Conflict(f"{parent.name} has {most} agents below it, as many as it may", current=count)
