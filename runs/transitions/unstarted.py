"""What happens to subtasks that have not started: set free, skipped, cancelled."""

from collections.abc import Sequence
from typing import Any

from runs import statements as sql
from runs.engine import states
from runs.journal import Entry
from runs.sql import stamp
from runs.transitions.line import call_twins


def release_dependants(entry: Entry, completed: list[int]) -> None:
    if completed:
        for unmet, status, outside in sql.RELEASE_DEPENDANTS([(number,) for number in completed], now=stamp(entry.now)):
            if unmet == 0 and status == states.Status.PENDING:
                entry.add(blocked=-1, outside=bool(outside))


def skip_dependants(entry: Entry, ended: list[tuple[int, str, str]]) -> None:
    """Skips what depends on these (id, key, status), and what depends on that, with the reason on each. What its agents
    report by themselves is theirs to skip."""
    while ended and entry["backend"] != "tracked":
        rows = [(number, _reason(key, status)) for number, key, status in ended]
        skipped = sql.SKIP_DEPENDANTS(rows, now=stamp(entry.now))
        _ended_pending(entry, skipped, states.Status.SKIPPED, "skipped")
        ended = [(number, key, states.Status.SKIPPED) for number, key, *_ in skipped]


def _reason(key: str, status: str) -> str:
    return f"{key} failed" if status == states.Status.FAILED else f"{key} was {status}"


def end_pending(entry: Entry, status: states.Status, reason: str) -> None:
    """Cancels or skips everything that has not started."""
    # Those that wait for a time, for what others hold or for an outside agent are pending too: none are left of them.
    ended = sql.END_PENDING(run=entry.run_id, status=status, now=stamp(entry.now), reason=reason)
    entry.mark(delayed=0, held_back=0, rate_limited=0, outside=0)
    _ended_pending(entry, ended, status, status)


def cancel_one(entry: Entry, subtask: int, reason: str) -> bool:
    """Cancels a subtask that has not started, and skips what depends on it. Says whether it did."""
    _undelayed(entry, sql.UNDELAY_ONE(run=entry.run_id, id=subtask))
    for _, _, wait in sql.HELD_BACK(run=entry.run_id, id=subtask):
        entry.add(**{states.WAIT_COUNTER[wait]: -1})
    rows = sql.END_ONE_PENDING(
        run=entry.run_id, id=subtask, status=states.Status.CANCELLED, now=stamp(entry.now), reason=reason
    )
    entry.add(outside=-sum(1 for *_, unmet, _, _, outside in rows if outside and not unmet))
    _ended_pending(entry, rows, states.Status.CANCELLED, "cancelled")
    call_twins(entry, [number for number, *_ in rows])
    skip_dependants(entry, [(number, key, states.Status.CANCELLED) for number, key, *_ in rows])
    return bool(rows)


def give_up(entry: Entry, subtask: int, reason: str) -> None:
    """Fails a subtask that can never start, and skips what depends on it."""
    rows = sql.END_ONE_PENDING(
        run=entry.run_id, id=subtask, status=states.Status.FAILED, now=stamp(entry.now), reason=reason
    )
    _ended_pending(entry, rows, states.Status.FAILED, "given_up", topic="errors", data={"error": reason})
    entry.moved += len(rows)
    call_twins(entry, [number for number, *_ in rows])
    skip_dependants(entry, [(number, key, states.Status.FAILED) for number, key, *_ in rows])


def _ended_pending(entry: Entry, rows: Sequence[tuple], status: states.Status, kind: str, **more: Any) -> None:
    for number, _, unmet, expected, phase, *_ in rows:
        entry.add(pending=-1, blocked=-(unmet > 0), expected_ended=expected, **{status: 1})
        entry.add(at_barrier=-entry.is_barred(phase))
        entry.note(kind, subtask=number, before=states.Status.PENDING, after=status, **more)


def undelay(entry: Entry) -> None:
    """Lets go of the subtasks whose time for another try has come."""
    if entry["delayed"]:
        _undelayed(entry, sql.UNDELAY(run=entry.run_id, now=stamp(entry.now)))


def _undelayed(entry: Entry, rows: Sequence[tuple]) -> None:
    entry.add(delayed=-len(rows), outside=sum(1 for (outside,) in rows if outside))
