"""What goes on across the runs of one person. The cost follows the number of runs shown, not their size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Sum

from runs.engine import states
from runs.models import Attempt, Event, Run, RunAgent
from runs.reading import presence

MOST_UNENDED = 100
LOOKED_THROUGH = 50  # of the newest runs, for those that ended lately
RECENT_EVENTS = 300  # of a run, for its pace
JUST_NOW = timedelta(seconds=1)


def unended(owner_id: int) -> list[Run]:
    """Runs under way, newest first."""
    return list(
        Run.objects.filter(owner=owner_id, status__in=states.RUN_UNENDED).defer("result").order_by("-pk")[:MOST_UNENDED]
    )


def ended_lately(owner_id: int, limit: int) -> list[Run]:
    """Of the newest runs those that have ended, the last to end first."""
    newest = Run.objects.filter(owner=owner_id).order_by("-pk").values("pk")[:LOOKED_THROUGH]
    ended = Run.objects.filter(pk__in=newest, finished_at__isnull=False).defer("result")
    return list(ended.order_by("-finished_at", "-pk")[:limit])


def completions(runs: Sequence[Run]) -> dict[int, list[datetime]]:
    """When subtasks of these runs were completed, as far back as the last events of each tell."""
    recent = Q(pk__in=[])
    for run in runs:
        recent |= Q(run=run.pk, seq__gt=run.last_seq - RECENT_EVENTS)
    found: dict[int, list[datetime]] = {}
    for number, at in Event.objects.filter(recent, kind="completed").values_list("run_id", "at"):
        found.setdefault(number, []).append(at)
    return found


def at_work(runs: Sequence[Run], now: datetime) -> dict[int, set[int]]:
    """The agents at work on each of these runs: those that hold a subtask, and, while there is more to do, those that
    have just ended one. Quick work is written down when it is over: whoever does it holds nothing that can be seen."""
    going_on = [run.pk for run in runs if run.status == states.Run.RUNNING and _startable(run)]
    attempts = Attempt.objects.filter(run=OuterRef("run"), agent=OuterRef("agent")).order_by("-pk")
    rows = RunAgent.objects.filter(run__in=[run.pk for run in runs])
    columns = rows.annotate(last=Subquery(attempts.values("finished_at")[:1])).values_list(
        "run_id", "agent_id", "open", "last"
    )
    found: dict[int, set[int]] = {run.pk: set() for run in runs}
    for run, agent, opened, last in columns:
        if opened or (run in going_on and last is not None and now - last <= JUST_NOW):
            found[run].add(agent)
    return found


def _startable(run: Run) -> bool:
    return run.pending > run.blocked + run.delayed


@dataclass(frozen=True, slots=True)
class AgentAtWork:
    """An agent of runs under way, and how much of them it has completed. `attempt` is what it holds now. With none it
    waits for work, does quick work, or is lost: silent since `lost`."""

    agent_id: int
    name: str
    completed: int
    attempt: Attempt | None
    lost: datetime | None = None


def agents(runs: Sequence[int], limit: int, now: datetime) -> list[AgentAtWork]:
    """The agents of these runs by name; if they are too many, those at work."""
    rows = RunAgent.objects.filter(run__in=runs).exclude(agent__kind="person").exclude(agent__retired_at__isnull=False)
    columns = rows.values_list("agent", "agent__name", "agent__kind", "agent__token", "agent__last_beat_at")
    busy_first = columns.annotate(held=Sum("open"), done=Sum("completed")).order_by("-held", "agent__name")
    shown, attempts = list(busy_first[:limit]), _open_attempts(runs, limit)
    quiet = {agent: about for agent, _, *about, held, _ in shown if not held}
    lost = _lost(quiet, now)
    found = [AgentAtWork(agent, name, done, attempts.get(agent), lost.get(agent)) for agent, name, *_, done in shown]
    return sorted(found, key=lambda agent: (len(agent.name), agent.name))


def _lost(agents: Mapping[int, Sequence[Any]], now: datetime) -> dict[int, datetime]:
    """The last word of those that have been silent for too long. `agents`: of each its kind, token and last word."""
    quiet = [agent for agent, (_, _, said) in agents.items() if presence.is_silent(said, now)]
    words = presence.last_words(quiet) if quiet else {}
    found = {}
    for agent in quiet:
        kind, token, said = agents[agent]
        last = words.get(agent)
        if presence.owes_a_word(kind, token, last):
            found[agent] = max(said, last.at if last else said)
    return {agent: said for agent, said in found.items() if presence.is_silent(said, now)}


def _open_attempts(runs: Sequence[int], limit: int) -> dict[int, Attempt]:
    under_way = Attempt.objects.filter(subtask__run__in=runs, subtask__status=states.Status.IN_PROGRESS)
    shown = under_way.filter(status__in=states.ATTEMPT_OPEN).select_related("subtask")
    columns = ("agent_id", "run_id", "leased_at", "started_at", "subtask__key", "subtask__content")
    return {attempt.agent_id: attempt for attempt in shown.only(*columns)[: 4 * limit]}
