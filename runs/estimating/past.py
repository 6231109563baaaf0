"""What earlier runs say: how long their subtasks took by kind, and how far the estimates made of them were off.

Nothing is kept for this: subtasks and checkpoints say it. A subtask's time is from its first start to its end, so that
what was tried again counts with all its tries.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Sum

from runs.engine import states
from runs.engine.estimate import Estimate, band
from runs.engine.kinds import kind_of
from runs.estimating.record import resolved
from runs.models import Attempt, Backend, Checkpoint, Run, Subtask

MOST_RUNS = 20
MOST_OF_ONE = 300
"""Subtasks of a run, the last ones."""
MOST_CHECKPOINTS = 400

History = list[list[tuple[str, float]]]


def history(run: Mapping[str, Any], now: datetime) -> History:
    """The newest runs of its owner that had ended by then, and of its todo, with (kind, seconds) of each subtask."""
    ended = Run.objects.filter(owner=run["owner_id"], finished_at__lte=now).exclude(pk=run["pk"])
    ended = ended.exclude(backend=Backend.TRACKED).filter(completed__gt=0).order_by("-pk")
    found = dict(ended.values_list("pk", "backend")[:MOST_RUNS])
    if run["todo_id"]:
        found |= dict(ended.filter(todo=run["todo_id"]).values_list("pk", "backend")[: MOST_RUNS // 2])
    taken = [of_run(number, backend) for number, backend in sorted(found.items())]
    return [one for one in taken if one]


def of_run(run_id: int, backend: str) -> list[tuple[str, float]]:
    """(kind, seconds) of its completed subtasks."""
    ended = Subtask.objects.filter(run=run_id, status=states.Status.COMPLETED, epoch__gt=0, started_at__isnull=False)
    columns = ("pk", "executor", "estimated_seconds", "started_at", "finished_at")
    rows = list(ended.order_by("-position").values_list(*columns)[:MOST_OF_ONE])
    who, waited = agent_kinds(run_id, backend), waits(run_id)
    return [
        (
            kind(executor, estimated, who.get(number, "")),
            max(0.0, (until - since).total_seconds() - waited.get(number, 0.0)),
        )
        for number, executor, estimated, since, until in rows
        if (executor or {}).get("name") != "approval"
    ]


def kind(executor: Mapping[str, Any] | None, estimated: float | None, agent: str) -> str:
    """Of task and agent; our own workers are all alike. What somebody thinks takes longer is of another kind."""
    by = f" by {agent}" if agent else ""
    return kind_of(executor) + by if estimated is None else f"{kind_of(executor)} of about {estimated:g} s{by}"


def agent_kinds(run_id: int, backend: str) -> dict[int, str]:
    """The kind of the agent from outside that has, or last had, each subtask."""
    if backend == Backend.EMBEDDED:
        return {}
    tried = Attempt.objects.filter(run=run_id, agent__token__isnull=False).order_by("epoch")
    return dict(tried.values_list("subtask_id", "agent__kind"))


def waits(run_id: int) -> dict[int, float]:
    """Seconds in which the agents of each subtask waited for answers, where they did and got them."""
    asked = Attempt.objects.filter(run=run_id, asked_seconds__gt=0).order_by()
    return dict(asked.values_list("subtask_id").annotate(Sum("asked_seconds")))


def usual(kinds: Iterable[str]) -> str:
    """The one that comes most often; "" where there is none."""
    counted = Counter(kinds).most_common(1)
    return counted[0][0] if counted else ""


def factors(owner_id: int, known: bool, now: datetime) -> tuple[float, float] | None:
    """What the band needed in ended runs, with a history or without; None while too few of them tell."""
    made = Checkpoint.objects.filter(run__owner=owner_id, run__finished_at__lte=now, known=known)
    columns = ("elapsed", "eta", "plain_low", "plain_high", "run__started_at", "run__finished_at", "run_id")
    rows = list(resolved(made).order_by("-pk").values_list(*columns)[:MOST_CHECKPOINTS])
    if len({row[-1] for row in rows}) < band.ENOUGH_RUNS:
        return None
    return band.learned(
        [
            (Estimate(eta, low, high), (until - since).total_seconds() - elapsed)
            for elapsed, eta, low, high, since, until, _ in rows
        ]
    )
