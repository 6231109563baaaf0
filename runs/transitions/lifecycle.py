"""The states of a run."""

from typing import Any

from runs import statements as sql
from runs.engine import states
from runs.journal import Entry
from runs.sql import stamp
from runs.transitions.unstarted import end_pending


def move(entry: Entry, verb: str, **data: Any) -> bool:
    """Start, pause or resume: says whether the run was in a state that allows it."""
    sources, target = states.RUN_VERBS[verb]
    before = entry["status"]
    if before not in sources:
        return False
    entry.mark(status=target)
    if target == states.Run.RUNNING:
        entry.mark(started_at=entry["started_at"] or entry.now)  # it may have been paused before it began
    if verb == "resume":
        entry.mark(resumed_at=entry.now)
    entry.note(f"run_{target}", before=before, after=target, data=data or None)
    return True


def request_cancel(entry: Entry) -> bool:
    """Cancels what has not started; attempts under way are asked to stop. False when the run had ended."""
    if entry.ended:
        return False
    if entry["cancel_requested_at"] is None:
        entry.mark(cancel_requested_at=entry.now)
        entry.note("cancel_requested", before=entry["status"], after=entry["status"])
        end_pending(entry, states.Status.CANCELLED, "the run was cancelled")
        request_stop(entry)
    return True


def request_stop(entry: Entry, subtask: int | None = None) -> int:
    """Asks the attempts of one subtask, or of all, to stop. Says how many are asked now that were not before."""
    asked = sql.REQUEST_STOP(run=entry.run_id, now=stamp(entry.now), id=subtask, all=int(subtask is None))
    entry.add(stopping=len(asked))
    for (number,) in asked:
        under_way = states.Status.IN_PROGRESS
        entry.note("stop_requested", subtask=number, before=under_way, after=under_way)
    return len(asked)


def stopping_attempts(entry: Entry) -> list[int]:
    """The open attempts that have been asked to stop."""
    return [number for (number,) in sql.STOPPING(run=entry.run_id)]


def close(entry: Entry) -> bool:
    """Ends the run when all its subtasks have ended. Says whether it did."""
    if entry.ended or entry["pending"] or entry["in_progress"]:
        return False
    cancelling = entry["cancel_requested_at"] is not None
    status = states.closing_status(failed=entry["failed"], cancelled=entry["cancelled"], cancel_requested=cancelling)
    before = entry["status"]
    reason = entry["end_reason"] or {"completed": "done"}.get(status, status)
    entry.mark(status=status, end_reason=reason, finished_at=entry.now, started_at=entry["started_at"] or entry.now)
    entry.keep_paused()
    entry.note(f"run_{status}", topic="results", before=before, after=status, data={"reason": reason})
    _measured(entry)
    return True


def _measured(entry: Entry) -> None:
    """A baseline that did all of its work tells the run it was made for how long that takes one after the other."""
    if entry["baseline_of_id"] and entry["completed"] == entry["total"]:
        took = (entry["finished_at"] - entry["started_at"]).total_seconds() - entry["paused_seconds"]
        sql.BASELINE(run=entry["baseline_of_id"], seconds=took, now=stamp(entry.now))
