"""What is known of agents: whether they are there, what they are at, how much they have done and how fast."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Sum

from runs.engine import states
from runs.models import Agent, Attempt, RunAgent
from runs.reading import presence
from runs.sql import Statement

# Of the last hundred that an agent completed: what most of them were.
_MOST = Statement(
    "id bigint",
    """
    SELECT v.id,
           (SELECT name FROM (
               SELECT COALESCE(s.executor ->> 'name', s.lane) AS name FROM runs_attempt a
               JOIN runs_subtask s ON s.id = a.subtask_id
               WHERE a.agent_id = v.id AND a.status = 'succeeded' ORDER BY a.id DESC LIMIT 100) AS latest
            GROUP BY name ORDER BY COUNT(*) DESC, name LIMIT 1)
    FROM {rows}
    """,
)


def of_agents(agents: Sequence[Agent], now: datetime) -> list[dict[str, Any]]:
    """Each as the contract words it; what cannot be known is None. A fixed number of queries."""
    ids = [agent.pk for agent in agents]
    done = _done(ids, now)
    most = dict(_MOST([(number,) for number in ids]))
    words = presence.last_words(ids)
    opened: dict[int, list[Attempt]] = {}
    under_way = Attempt.objects.filter(agent__in=ids, status__in=states.ATTEMPT_OPEN).order_by("pk")
    for attempt in under_way.select_related("subtask").defer("partial_result", "subtask__result"):
        opened.setdefault(attempt.agent_id, []).append(attempt)
    return [
        _told(agent, done.get(agent.pk, {}), words.get(agent.pk), opened.get(agent.pk, []), now)
        | {"specialization": most[agent.pk]}
        for agent in agents
    ]


def _done(ids: Sequence[int], now: datetime) -> dict[int, dict[str, Any]]:
    """Sums over the runs they took part in, by agent. `lasted`: how long those runs were under way."""
    rows = RunAgent.objects.filter(agent__in=ids, run__started_at__isnull=False).values("agent")
    sums = rows.annotate(
        done=Sum("completed"),
        failed=Sum("unsuccessful"),
        busy=Sum("busy_seconds"),
        lasted=Sum(presence.passed(now)),
        rested=Sum(presence.RESTED),
    )
    return {row["agent"]: dict(row) for row in sums}


def _told(
    agent: Agent,
    done: Mapping[str, Any],
    last: presence.Word | None,
    opened: Sequence[Attempt],
    now: datetime,
) -> dict[str, Any]:
    said = [agent.last_beat_at if agent.token_id else None, last.at if last else None]
    heard = max(filter(None, said), default=None)
    return {
        "id": str(agent.pk),
        "name": agent.name,
        "kind": agent.kind,
        "status": presence.status(
            at_work=bool(opened),
            heard=heard if presence.owes_a_word(agent.kind, agent.token_id, last) else None,
            retired=agent.retired_at is not None,
            now=now,
        ),
        "parent": str(agent.parent_id) if agent.parent_id else None,
        "depth": agent.depth,
        "capabilities": agent.capabilities,
        "lanes": agent.lanes,
        "created_at": agent.created_at,
        "last_heartbeat_at": heard,
        "current_attempt": _current(opened[0]) if opened else None,
        "attempts_open": len(opened),
        **_rates(done, sum(presence.at_work(attempt, now) for attempt in opened)),
    }


def _rates(done: Mapping[str, Any], at_it_seconds: float) -> dict[str, Any]:
    """`at_it_seconds`: since the attempts began that are open now."""
    completed, failed = done.get("done") or 0, done.get("failed") or 0
    busy = done.get("busy") or 0.0
    lasted = max(0.0, done["lasted"].total_seconds() - done["rested"]) if done.get("lasted") else 0.0
    share = 100 * (busy + max(0.0, at_it_seconds)) / lasted if lasted > 0 else None
    return {
        "tasks_completed": completed,
        "tasks_failed": failed,
        "tasks_per_minute": 60 * completed / lasted if lasted > 0 else None,
        "utilization_percent": min(100.0, share) if share is not None else None,
        "average_task_seconds": busy / (completed + failed) if completed + failed else None,
    }


def _current(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": str(attempt.pk),
        "epoch": attempt.epoch,
        "run": str(attempt.run_id),
        "subtask": attempt.subtask.key,
        "status": attempt.status,
        "progress": attempt.progress,
        "leased_at": attempt.leased_at,
    }
