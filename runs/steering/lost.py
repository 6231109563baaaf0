"""Agents that fell silent with work in hand. Their work is another's by then; whether they come back a person knows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from runs import journal
from runs.engine import states
from runs.models import Agent, Attempt, RunAgent
from runs.reading import presence
from runs.sql import Statement
from todos.problems import Conflict

LOOKED_AT = 200  # of the agents that were heard last
REMEMBERED = timedelta(days=3)

# The latest attempt of each, where it was lost.
_LOST_LAST = Statement(
    "id bigint",
    """
    SELECT a.id FROM {rows} JOIN runs_attempt a
    ON a.id = (SELECT l.id FROM runs_attempt l WHERE l.agent_id = v.id ORDER BY l.id DESC LIMIT 1)
    WHERE a.status = 'lost'
    """,
)


@dataclass(frozen=True, slots=True)
class Lost:
    """`heard`: its last word. `attempt`: what it was at. `taken_by`: who has that now, or had it last."""

    agent: Agent
    heard: datetime
    attempt: Attempt
    taken_by: str = ""

    @property
    def waits(self) -> bool:
        """Whether nobody has taken up what it was at."""
        return self.attempt.subtask.status == states.Status.PENDING


def count(owner_id: int, now: datetime) -> int:
    return len(_lost(owner_id, now))


def agents(owner_id: int, now: datetime) -> list[Lost]:
    """Those that nobody has put away since, with what became of their work."""
    found = _lost(owner_id, now)
    taken = _taken_by([one.attempt.subtask_id for one in found])
    return [replace(one, taken_by=taken.get(one.attempt.subtask_id, "")) for one in found]


def retire(owner_id: int, agent_id: int, *, by: str) -> Agent:
    """It is not waited for any more. Should it ask for work again, it is simply there. Raises Conflict as `dismiss`."""
    return _put_away(owner_id, agent_id, "agent_retired", by, "retired_at")


def dismiss(owner_id: int, agent_id: int, *, by: str) -> Agent:
    """It asks for nobody's attention, until it loses work again. Raises Conflict when it does not, or no longer."""
    return _put_away(owner_id, agent_id, "agent_dismissed", by, "dismissed_at")


def _put_away(owner_id: int, agent_id: int, kind: str, by: str, column: str) -> Agent:
    now = timezone.now()
    found = next((one for one in _lost(owner_id, now) if one.agent.pk == agent_id), None)
    if found is None:
        raise Conflict("this agent is not lost, or was put away before")
    with transaction.atomic(), journal.of(found.attempt.run_id, now) as entry:
        unchanged = Agent.objects.filter(pk=agent_id, retired_at=None, last_beat_at=found.agent.last_beat_at)
        if not unchanged.filter(dismissed_at=found.agent.dismissed_at).update(**{column: now}):
            raise Conflict("this agent was heard of again, or put away meanwhile")
        entry.note(kind, agent=agent_id, data={"by": by, "attempt": str(found.attempt.pk)})
    return found.agent


def _lost(owner_id: int, now: datetime) -> list[Lost]:
    silent = Agent.objects.filter(token__owner=owner_id, retired_at=None, last_beat_at__lt=now - presence.LOST_AFTER)
    recent = silent.filter(last_beat_at__gt=now - REMEMBERED)
    at_work = RunAgent.objects.filter(open__gt=0, run__status__in=states.RUN_UNENDED).values("agent")
    newest = recent.exclude(pk__in=at_work).order_by("-last_beat_at").values_list("pk", flat=True)[:LOOKED_AT]
    lost = [number for (number,) in _LOST_LAST([(agent,) for agent in newest])] if newest else []
    attempts = Attempt.objects.filter(pk__in=lost).select_related("agent", "run", "subtask").defer("run__result")
    unseen = attempts.filter(Q(agent__dismissed_at=None) | Q(agent__dismissed_at__lt=F("finished_at")))
    return [one for one in (_of(attempt) for attempt in unseen.order_by("-pk")) if presence.is_silent(one.heard, now)]


def _of(attempt: Attempt) -> Lost:
    return Lost(attempt.agent, max(attempt.agent.last_beat_at, attempt.last_beat_at), attempt)


def _taken_by(subtasks: list[int]) -> dict[int, str]:
    """The agent of the latest attempt at each of these, where it was not lost."""
    if not subtasks:
        return {}
    rows = Attempt.objects.filter(subtask__in=subtasks, epoch=F("subtask__epoch")).exclude(status=states.Attempt.LOST)
    return dict(rows.values_list("subtask", "agent__name"))
