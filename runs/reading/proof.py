"""Compares the counters a run keeps with what its rows say when they are counted."""

from dataclasses import dataclass

from django.db.models import Count, Max

from runs.engine import states
from runs.models import Attempt, Event, Run, Subtask
from runs.verify.base import one_state

COUNTERS = ("total", "completed", "in_progress", "pending", "failed", "cancelled", "skipped", "agents_active")


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept and what was counted, by name, on one state of the database: that of event `seq`."""

    seq: int
    kept: dict[str, int]
    counted: dict[str, int]

    @property
    def differing(self) -> list[str]:
        return [name for name, number in self.kept.items() if self.counted[name] != number]


def prove(run_id: int) -> Proof:
    """Counts all subtasks of a run. Raises Run.DoesNotExist."""
    with one_state():
        run = Run.objects.only("last_seq", *COUNTERS).get(pk=run_id)
        kept = {name: getattr(run, name) for name in COUNTERS} | {"events": run.last_seq}
        counted = dict.fromkeys(COUNTERS, 0)
        by_status = Subtask.objects.filter(run=run_id).values_list("status").annotate(Count("pk")).order_by()
        for status, number in by_status:
            counted[status] = number
            counted["total"] += number
        # Found by way of their subtasks: an index leads to those in progress, and none to open attempts of one run.
        under_way = Attempt.objects.filter(subtask__run=run_id, subtask__status=states.Status.IN_PROGRESS)
        open_attempts = under_way.filter(status__in=states.ATTEMPT_OPEN)
        counted["agents_active"] = open_attempts.aggregate(agents=Count("agent", distinct=True))["agents"]
        counted["events"] = Event.objects.filter(run=run_id).aggregate(last=Max("seq"))["last"] or 0
    return Proof(run.last_seq, kept, counted)
