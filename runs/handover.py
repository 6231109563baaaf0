"""Reads the results that a subtask takes as its inputs."""

from typing import Any

from runs.models import Subtask
from todos.plan import inputs as rules


def resolve(run_id: int, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs by name, from the completed subtasks of this run. Raises MissingInput."""
    wanted = list(rules.keys(inputs))
    results: dict[str, Any] = {}
    for at in range(0, len(wanted), 500):
        found = Subtask.objects.filter(run=run_id, key__in=wanted[at : at + 500], status="completed")
        results.update(found.values_list("key", "result"))
    return rules.pick(inputs, results)
