"""What todos see of the runs made of them: the statuses of their subtasks, about once a second and at the end."""

import time
from collections.abc import Callable

from django.db import transaction

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.models import Event, Run, Subtask
from runs.orchestrating import aggregates
from todos import actions

REST = 20  # times as long as it took: a large tree must not keep the ledger from its work


def at_end(entry: Entry) -> None:
    """In the transaction that closes the run. A run's result is what its todo makes of those of its subtasks, else that
    of its last subtask, if there is just one."""
    if not aggregates.work_out(entry.run_id):
        last = list(Subtask.objects.filter(run=entry.run_id, needed_by=None).values_list("result", flat=True)[:2])
        if len(last) == 1 and last[0] is not None:
            Run.objects.filter(pk=entry.run_id).update(result=last[0])
    if entry["rollback_of_id"]:
        actions.follow(entry["todo_id"], dict.fromkeys(_undone(entry), states.Status.PENDING))
        return
    statuses = Subtask.objects.filter(run=entry.run_id, todo__isnull=False).values_list("todo_id", "status")
    actions.follow(entry["todo_id"], dict(statuses))


def _undone(entry: Entry) -> list[int]:
    """The todos of what this rollback has begun to undo: they are to be done again."""
    begun = Subtask.objects.filter(run=entry.run_id, epoch__gt=0).values("key")
    found = Subtask.objects.filter(run=entry["rollback_of_id"], key__in=begun, todo__isnull=False)
    return list(found.values_list("todo_id", flat=True))


class Mirror:
    """Shows todos what has changed since it looked last. One process does it for all runs it sweeps."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._shown: dict[int, int] = {}
        self._not_before = 0.0

    def show(self) -> None:
        """Looks at the runs that have not ended, unless the last look took so long that it must rest."""
        began = self._steady()
        if began < self._not_before:
            return
        self._shown = {run: self._show(run, todo, seq) for run, todo, seq in sql.TO_SHOW()}
        self._not_before = began + REST * (self._steady() - began)

    def _show(self, run: int, todo: int, seq: int) -> int:
        """What changed in one run; how far it has been shown. Progress changes no status."""
        since = self._shown.get(run, 0)
        if seq > since:
            events = Event.objects.filter(run=run, seq__gt=since, subtask_id__isnull=False).exclude(kind="progress")
            subtasks = Subtask.objects.filter(run=run, pk__in=events.values("subtask_id"), todo__isnull=False)
            with transaction.atomic():
                if statuses := dict(subtasks.values_list("todo_id", "status")):
                    actions.follow(todo, statuses)
        return seq
