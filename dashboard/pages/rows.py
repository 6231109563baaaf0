"""Subtasks as rows of a table: what the templates show of each."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html

from dashboard.templatetags.abreast import elapsed
from dashboard.words import figures, reasons
from runs import queries
from runs.claims import waits
from runs.engine import states
from runs.models import Attempt, Run, Subtask


@dataclass(frozen=True, slots=True)
class SubtaskRow:
    subtask: Subtask
    agent: str
    reason: str
    time: str


def of(run: Run, subtasks: Sequence[Subtask], now: datetime) -> list[SubtaskRow]:
    """Rows for these subtasks, in a fixed number of queries."""
    waiting = waits.of(run, subtasks)
    agents = queries.agents_of(subtasks)
    subtasks = _begun(subtasks)
    return [
        SubtaskRow(
            subtask,
            agents.get(subtask.pk, ""),
            reasons.of(run, subtask, waiting.get(subtask.pk), now),
            _time(subtask, now),
        )
        for subtask in subtasks
    ]


def _begun(subtasks: Sequence[Subtask]) -> Sequence[Subtask]:
    """Those tried again as of their try under way: what went before it says nothing of how long it will take. They are
    not to be saved."""
    again = [one.pk for one in subtasks if one.status == states.Status.IN_PROGRESS and one.epoch > 1]
    if not again:
        return subtasks
    tries = Attempt.objects.filter(subtask__in=again, status=states.Attempt.RUNNING, started_at__isnull=False)
    since = dict(tries.values_list("subtask_id", "started_at"))
    return [_since(one, since.get(one.pk)) for one in subtasks]


def _since(subtask: Subtask, moment: datetime | None) -> Subtask:
    if moment is None:
        return subtask
    now = copy.copy(subtask)
    now.started_at = moment
    return now


def _time(subtask: Subtask, now: datetime) -> str:
    """How long it has been at it, or took; what is only expected is quiet."""
    if subtask.status == states.Status.IN_PROGRESS:
        return elapsed(subtask.started_at, now)
    if subtask.status == states.Status.PENDING and reasons.is_expected(subtask):
        return format_html('<span class="quiet">{}</span>', figures.about(subtask.expected_seconds))
    if subtask.started_at and subtask.finished_at and subtask.status != states.Status.PENDING:
        return figures.precise((subtask.finished_at - subtask.started_at).total_seconds())
    return figures.UNKNOWN
