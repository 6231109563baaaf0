"""A run as a `Task` of the A2A protocol 1.0."""

from typing import Any

from runs.engine import states
from runs.models import Run

STATES = {
    states.Run.PENDING: "SUBMITTED",
    states.Run.RUNNING: "WORKING",
    states.Run.PAUSED: "WORKING",
    states.Run.COMPLETED: "COMPLETED",
    states.Run.FAILED: "FAILED",
    states.Run.CANCELLED: "CANCELED",
}


def task(run: Run) -> dict[str, Any]:
    """Its todo is the context: runs of one todo have the same."""
    waits = bool(run.asking + run.questions) and run.status in states.RUN_UNENDED
    state = "INPUT_REQUIRED" if waits else STATES[states.Run(run.status)]
    told: dict[str, Any] = {"state": f"TASK_STATE_{state}", "timestamp": run.updated_at}
    told["message"] = {
        "messageId": f"run-{run.pk}-{run.last_seq}",
        "taskId": str(run.pk),
        "role": "ROLE_AGENT",
        "parts": [{"text": _says(run)}],
    }
    parts = [{"data": run.result, "mediaType": "application/json"}]
    return {
        "id": str(run.pk),
        "contextId": f"todo-{run.todo_id}" if run.todo_id else f"run-{run.pk}",
        "status": told,
        "artifacts": [] if run.result is None else [{"artifactId": "result", "name": run.content, "parts": parts}],
        "history": [],
        "metadata": {
            "counts": {name: getattr(run, name) for name in ("total", *states.Status)},
            "backend": run.backend,
        },
    }


def _says(run: Run) -> str:
    asked = run.asking + run.questions
    said = f"{run.completed} of {run.total} completed"
    if run.status == states.Run.PAUSED:
        said += ", paused"
    if asked and run.status in states.RUN_UNENDED:
        said += f", {asked} waiting for a person"
    return f"{said}, {run.failed} failed" if run.failed else said
