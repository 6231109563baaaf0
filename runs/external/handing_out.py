"""What an agent from outside is given with a lease: the whole spec of its subtask, and the results it builds on."""

from collections.abc import Sequence
from typing import Any

from runs import handover, outputs
from runs.external import delivering
from runs.leases import Lease
from runs.reports import Report, Said
from runs.sql import Statement, json_value
from todos.plan.inputs import MissingInput

# What is told beside what every lease says. In SQL, as for each lease: building a query takes longer than asking it.
_AS_KEPT = ("lane", "phase", "estimated_seconds", "timeout_seconds", "max_retries", "complexity", "priority")
_TOLD = Statement(
    "id bigint",
    """
    SELECT s.id, claims, rollback, parallelizable, assigned_agent, lane, phase, estimated_seconds, timeout_seconds,
           max_retries, complexity, priority + COALESCE(aged, 0)
    FROM {rows} JOIN runs_subtask s ON s.id = v.id
    """,
)
_NEEDED = Statement(
    "id bigint",
    """
    SELECT d.after_id, s.key
    FROM {rows} JOIN runs_subtaskdependency d ON d.after_id = v.id JOIN runs_subtask s ON s.id = d.before_id
    ORDER BY d.id
    """,
)


def told(given: Sequence[tuple[int, Lease]]) -> list[dict[str, Any]]:
    """Each lease (with its run) as the contract words it. What lacks an input fails here, and is left out."""
    ids = [(lease.pick.subtask,) for _, lease in given]
    specs = {row[0]: _kept(*row[1:]) for row in _TOLD(ids)} if ids else {}
    for after, key in _NEEDED(ids) if ids else ():
        specs[after]["depends_on"].append(key)
    found, lacking = [], []
    for run, lease in given:
        number = lease.pick.subtask
        outputs.cut(run, number, lease.epoch, 0)  # what a database that was thrown away may have left there
        try:
            inputs = handover.resolve(run, lease.inputs) if lease.inputs else {}
        except MissingInput as error:
            lacking.append(Report(Said.FAIL, run, lease.attempt, lease.epoch, error=str(error), retryable=False))
            continue
        spec = {"id": str(number), **_leased(lease), **specs[number], "inputs": inputs}
        found.append({"attempt": str(lease.attempt), "epoch": lease.epoch, "run": str(run), "subtask": spec})
    if lacking:
        delivering.deliver(lacking)
    return found


def _leased(lease: Lease) -> dict[str, Any]:
    names = ("key", "content", "executor", "verify", "attempts_used", "max_iterations")
    return {name: getattr(lease, name) for name in names}


def _kept(claims: Any, rollback: Any, parallelizable: Any, agent: str, *plain: Any) -> dict[str, Any]:
    return {
        "depends_on": [],
        "resources": json_value(claims),
        "rollback": json_value(rollback),
        "parallelizable": bool(parallelizable),
        "assigned_agent": agent or None,
        **dict(zip(_AS_KEPT, plain, strict=True)),
    }
