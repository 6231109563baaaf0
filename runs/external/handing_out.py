"""What an agent from outside is given with a lease: the whole spec of its subtask, and the results it builds on."""

from collections.abc import Sequence
from typing import Any

from runs import handover, outputs
from runs.external import delivering
from runs.models import Subtask, SubtaskDependency
from runs.reports import Report, Said
from runs.transitions import Lease
from todos.plan.inputs import MissingInput


def told(given: Sequence[tuple[int, Lease]]) -> list[dict[str, Any]]:
    """Each lease (with its run) as the contract words it. What lacks an input fails here, and is left out."""
    ids = [lease.pick.subtask for _, lease in given]
    subtasks = Subtask.objects.defer("result").in_bulk(ids) if ids else {}
    needs: dict[int, list[str]] = {}
    for after, key in SubtaskDependency.objects.filter(after__in=ids).values_list("after_id", "before__key"):
        needs.setdefault(after, []).append(key)
    found, lacking = [], []
    for run, lease in given:
        subtask = subtasks[lease.pick.subtask]
        outputs.cut(run, subtask.pk, lease.epoch, 0)  # what a database that was thrown away may have left there
        try:
            inputs = handover.resolve(run, lease.inputs) if lease.inputs else {}
        except MissingInput as error:
            lacking.append(Report(Said.FAIL, run, lease.attempt, lease.epoch, error=str(error), retryable=False))
            continue
        spec = _spec(subtask, needs.get(subtask.pk, []), inputs)
        found.append({"attempt": str(lease.attempt), "epoch": lease.epoch, "run": str(run), "subtask": spec})
    if lacking:
        delivering.deliver(lacking)
    return found


_AS_KEPT = """
    key content lane phase executor estimated_seconds timeout_seconds max_retries max_iterations complexity
    parallelizable rollback verify attempts_used
""".split()


def _spec(subtask: Subtask, needs: list[str], inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(subtask.pk),
        **{name: getattr(subtask, name) for name in _AS_KEPT},
        "depends_on": needs,
        "priority": subtask.asked_priority,
        "inputs": inputs,
        "resources": subtask.claims,
        "assigned_agent": subtask.assigned_agent or None,
    }
