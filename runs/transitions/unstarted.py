"""What happens to subtasks that have not started: set free, skipped, cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.sql import stamp
from runs.transitions.line import call_twins

NOTHING_FAILED = "nothing it waits for failed"


def follow(entry: Entry, ended: Sequence[tuple[int, str, str]]) -> None:
    """What follows from these ends (id, key, status) for those that depend on them: they are set free, or skipped with
    the reason on each, which is an end that others depend on in turn. In a tracked run that is left to its agents."""
    tracked = entry["backend"] == "tracked"
    while ended and (entry["blocked"] or tracked):  # who still depends on something is blocked
        well = [number for number, _, status in ended if status == states.Status.COMPLETED]
        unwell = [one for one in ended if one[2] != states.Status.COMPLETED and not tracked]
        skipped = skip_unneeded(entry, _for_failures(entry, ended))
        if well:
            _released(entry, sql.RELEASE_DEPENDANTS([(number,) for number in well], now=stamp(entry.now)))
        if unwell:
            if entry["conditional"]:
                rows = [(number,) for number, *_ in unwell]
                _released(entry, sql.RELEASE_CONDITIONAL(rows, now=stamp(entry.now)))
            reasons = [(number, _reason(key, status)) for number, key, status in unwell]
            found = sql.SKIP_DEPENDANTS(reasons, now=stamp(entry.now))
            _ended_pending(entry, found, states.Status.SKIPPED, "skipped")
            skipped += found
        ended = [(number, key, states.Status.SKIPPED) for number, key, *_ in skipped]


def skip(entry: Entry, reasons: Mapping[int, tuple[str, str]]) -> list[tuple]:
    """Skips these, each for the key and status of one that did not end well. Gives their rows; whoever depends on them
    is for the caller to see to."""
    if not reasons:
        return []
    rows = sql.SKIP([(number, _reason(*one)) for number, one in reasons.items()], now=stamp(entry.now))
    entry.add(outside=-sum(1 for *_, unmet, _, _, outside in rows if outside and not unmet))
    _ended_pending(entry, rows, states.Status.SKIPPED, "skipped")
    return rows


def _released(entry: Entry, rows: Sequence[tuple]) -> None:
    for unmet, status, outside in rows:
        if unmet == 0 and status == states.Status.PENDING:
            entry.add(blocked=-1, outside=bool(outside))


def _for_failures(entry: Entry, ended: Sequence[tuple[int, str, str]]) -> list[int]:
    """Those that depend on these, and start only when something failed."""
    if not entry["conditional"]:
        return []
    return [number for (number,) in sql.FOR_FAILURES([(number,) for number, *_ in ended])]


def skip_unneeded(entry: Entry, subtasks: Sequence[int]) -> list[tuple]:
    """Skips those of these that start only when something failed, where all they wait for has ended and nothing did.
    Gives their rows; whoever depends on them is for the caller to see to."""
    if not subtasks:
        return []
    rows = sql.SKIP_UNNEEDED([(number,) for number in subtasks], now=stamp(entry.now), reason=NOTHING_FAILED)
    entry.add(outside=-sum(1 for *_, unmet, _, _, outside in rows if outside and not unmet))
    _ended_pending(entry, rows, states.Status.SKIPPED, "skipped")
    return rows


def _reason(key: str, status: str) -> str:
    return f"{key} failed" if status == states.Status.FAILED else f"{key} was {status}"


def end_pending(entry: Entry, status: states.Status, reason: str) -> None:
    """Cancels or skips everything that has not started."""
    # Those that wait for a time, for what others hold or for an outside agent are pending too: none are left of them.
    ended = sql.END_PENDING(run=entry.run_id, status=status, now=stamp(entry.now), reason=reason)
    entry.mark(delayed=0, held_back=0, rate_limited=0, outside=0)
    _ended_pending(entry, ended, status, status)


def cancel_one(entry: Entry, subtask: int, reason: str) -> bool:
    """Cancels a subtask that has not started, and what follows from that. Says whether it did."""
    _undelayed(entry, sql.UNDELAY_ONE(run=entry.run_id, id=subtask))
    held_back = sql.HELD_BACK(run=entry.run_id, id=subtask)
    for _, _, wait, _ in held_back:
        entry.add(**{states.WAIT_COUNTER[wait]: -1})
    rows = sql.END_ONE_PENDING(
        run=entry.run_id, id=subtask, status=states.Status.CANCELLED, now=stamp(entry.now), reason=reason
    )
    entry.add(outside=-sum(1 for *_, unmet, _, _, outside in rows if outside and not unmet and not held_back))
    _ended_pending(entry, rows, states.Status.CANCELLED, "cancelled")
    call_twins(entry, [number for number, *_ in rows])
    follow(entry, [(number, key, states.Status.CANCELLED) for number, key, *_ in rows])
    return bool(rows)


def give_up(entry: Entry, subtask: int, reason: str) -> None:
    """Fails a subtask that can never start, and what follows from that."""
    rows = sql.END_ONE_PENDING(
        run=entry.run_id, id=subtask, status=states.Status.FAILED, now=stamp(entry.now), reason=reason
    )
    entry.add(outside=-sum(1 for *_, outside in rows if outside))
    _ended_pending(entry, rows, states.Status.FAILED, "given_up", topic="errors", data={"error": reason})
    entry.moved += len(rows)
    call_twins(entry, [number for number, *_ in rows])
    follow(entry, [(number, key, states.Status.FAILED) for number, key, *_ in rows])


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
