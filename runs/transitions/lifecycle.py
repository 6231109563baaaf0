"""The states of a run."""

from datetime import datetime
from typing import Any

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.sql import moment, stamp
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


def request_cancel(entry: Entry, reason: str = "the run was cancelled") -> bool:
    """Cancels what has not started; attempts under way are asked to stop. False when the run had ended."""
    if entry.ended:
        return False
    if entry["cancel_requested_at"] is None:
        entry.mark(cancel_requested_at=entry.now)
        entry.note("cancel_requested", before=entry["status"], after=entry["status"])
        end_pending(entry, states.Status.CANCELLED, reason)
        request_stop(entry)
    return True


def request_stop(entry: Entry, subtask: int | None = None) -> int:
    """Asks the attempts of one subtask, or of all, to stop. Says how many are asked now that were not before."""
    return _stop(entry, subtask=subtask, everything=subtask is None)


def take_back_questions(entry: Entry) -> None:
    """Nobody is to answer any more what a person was asked: the run goes no further, whatever the answer."""
    if entry["asking"]:
        _stop(entry, asked=True)


def _stop(entry: Entry, *, subtask: int | None = None, everything: bool = False, asked: bool = False) -> int:
    which = {"id": subtask, "all": int(everything), "asked": int(asked)}
    stopped = sql.REQUEST_STOP(None, run=entry.run_id, now=stamp(entry.now), **which)
    entry.add(stopping=len(stopped))
    for (number,) in stopped:
        under_way = states.Status.IN_PROGRESS
        entry.note("stop_requested", subtask=number, before=under_way, after=under_way)
    return len(stopped)


def stopping_attempts(entry: Entry) -> list[int]:
    """The open attempts that have been asked to stop."""
    return [number for (number,) in sql.STOPPING(run=entry.run_id)]


def close(entry: Entry) -> bool:
    """Ends the run when all its subtasks have ended; one that may still get more stays open for a while. Says whether
    it did."""
    cancelling = entry["cancel_requested_at"] is not None
    stays_open = entry["open_until"] is not None and entry["open_until"] > entry.now and not cancelling
    if entry.ended or entry["pending"] or entry["in_progress"] or stays_open:
        return False
    status = states.closing_status(failed=entry["failed"], cancelled=entry["cancelled"], cancel_requested=cancelling)
    before = entry["status"]
    reason = entry["end_reason"] or {"completed": "done"}.get(status, status)
    over = _over(entry)
    entry.mark(status=status, end_reason=reason, finished_at=over, started_at=entry["started_at"] or over)
    entry.keep_rest()
    entry.note(f"run_{status}", topic="results", before=before, after=status, data={"reason": reason})
    _measured(entry)
    return True


def _over(entry: Entry) -> datetime:
    """Since when there is nothing to do: what was left open for more, and got none, ended with what it had."""
    if entry["heard_at"] is None:
        return entry.now
    (last,) = sql.LAST_END(run=entry.run_id)[0]
    times = (entry["heard_at"], entry["started_at"], moment(last))
    return min(entry.now, max(time for time in times if time is not None))


def _measured(entry: Entry) -> None:
    """A baseline that did all of its work tells the run it was made for how long that takes one after the other. One
    that lost an attempt does not: then an agent, or the server, was away for a while."""
    if entry["baseline_of_id"] and entry["completed"] == entry["total"] and not entry["losses"]:
        took = (entry["finished_at"] - entry["started_at"]).total_seconds()
        took -= entry["paused_seconds"] + (entry["person_seconds"] or 0.0)
        sql.BASELINE(run=entry["baseline_of_id"], seconds=took, now=stamp(entry.now))
