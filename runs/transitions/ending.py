"""The end of an attempt, and what becomes of its subtask: done, another try, or given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runs import statements as sql
from runs.engine import retry, states
from runs.entry import Entry
from runs.reports import Found, Report, Said, Verdict
from runs.sql import json_text, moment, stamp
from runs.transitions import claiming
from runs.transitions.found import note
from runs.transitions.unstarted import follow

OUTCOMES = {
    Said.COMPLETE: states.Attempt.SUCCEEDED,
    Said.FAIL: states.Attempt.FAILED,
    Said.TIME_OUT: states.Attempt.TIMED_OUT,
    Said.LOSE: states.Attempt.LOST,
    Said.RELEASE: states.Attempt.CANCELLED,
    Said.CANCEL: states.Attempt.CANCELLED,
}
_KIND = {
    Said.COMPLETE: ("completed", "results"),
    Said.FAIL: ("failed", "errors"),
    Said.TIME_OUT: ("timed_out", "errors"),
    Said.LOSE: ("lost", "errors"),
    Said.RELEASE: ("released", "progress"),
    Said.CANCEL: ("cancelled", "progress"),
}


@dataclass(slots=True)
class _Ending:
    """What becomes of the subtask when this attempt ends."""

    report: Report
    found: Found
    status: states.Status
    not_before: datetime | None = None
    last_try: bool = False
    outside: bool = False  # only an agent from outside may take it

    @property
    def started_at(self) -> datetime | None:
        """Work that ends well or fails had begun: at its lease, when nobody said since when."""
        report, found = self.report, self.found
        worked = report.said in (Said.COMPLETE, Said.FAIL)
        return report.started_at or moment(found.started_at) or (moment(found.leased_at) if worked else None)


def end(entry: Entry, live: list[tuple[Report, Found]], chance: float) -> None:
    endings = {found.subtask: _ending(entry, report, found, chance) for report, found in live}
    won = sql.END_SUBTASKS([_subtask_row(entry, ending) for ending in endings.values()], run=entry.run_id, true=True)
    for number, outside in won:
        endings[number].outside = bool(outside)
    ended = [endings[number] for number, _ in won]
    sql.END_ATTEMPTS([_attempt_row(entry, ending) for ending in ended], true=True, false=False)
    if entry["claiming"] and ended:
        claiming.let_go(entry, [ending.report.attempt for ending in ended])
    for ending in ended:
        ending.report.verdict = Verdict.ACCEPTED
        ending.found.status = ending.report.current = OUTCOMES[ending.report.said]
        ending.found.subtask_status = ending.status
        if ending.report.said is Said.COMPLETE:
            ending.found.result_digest = ending.report.digest
        _closed(entry, ending)
    for report, _ in live:
        report.verdict = report.verdict or Verdict.REFUSED
    over = [ending for ending in ended if ending.status in states.TERMINAL]
    follow(entry, [(ending.found.subtask, ending.found.key, ending.status) for ending in over])


def _ending(entry: Entry, report: Report, found: Found, chance: float) -> _Ending:
    """Completed, cancelled, handed back; or, when it went wrong, another try or none."""
    if report.said is Said.COMPLETE:
        return _Ending(report, found, states.Status.COMPLETED)
    if report.said is Said.CANCEL or found.cancel_requested_at is not None:
        return _Ending(report, found, states.Status.CANCELLED)
    if report.said is Said.RELEASE:
        return _Ending(report, found, states.Status.PENDING)
    decision = retry.decide(
        attempts_used=found.attempts_used,
        max_retries=found.max_retries,
        retryable=report.retryable,
        lost=report.said is Said.LOSE,
        last_try=bool(found.last_try),
        chance=chance,
    )
    if decision.next is retry.Next.GIVE_UP:
        return _Ending(report, found, states.Status.FAILED)
    delay = timedelta(seconds=decision.delay_seconds)
    not_before = entry.now + delay if delay else None
    return _Ending(report, found, states.Status.PENDING, not_before, decision.next is retry.Next.LAST_TRY)


def _subtask_row(entry: Entry, ending: _Ending) -> tuple:
    report, found = ending.report, ending.found
    completed = ending.status == states.Status.COMPLETED
    return (
        found.subtask,
        report.epoch,
        ending.status,
        stamp(report.at or entry.now),
        json_text(report.result) if completed else None,
        report.digest if completed else "",
        "" if completed else report.error,
        int(ending.status == states.Status.PENDING),
        stamp(ending.not_before),
        int(ending.last_try),
        int(report.said is Said.RELEASE),
        stamp(ending.started_at),
    )


def _attempt_row(entry: Entry, ending: _Ending) -> tuple:
    report, usage, output = ending.report, ending.report.usage, ending.report.output
    return (
        report.attempt,
        report.epoch,
        OUTCOMES[report.said],
        stamp(ending.started_at),
        stamp(report.at or entry.now),
        report.error,
        report.warning,
        json_text(report.partial_result),
        report.iterations,
        usage.input_tokens,
        usage.output_tokens,
        usage.cost,
        output.size,
        int(output.truncated),
        output.digest,
        _worked(ending, report.at or entry.now),
        _asked(ending.found, report.at or entry.now),
    )


def _closed(entry: Entry, ending: _Ending) -> None:
    """Counters and the event of an attempt that has ended."""
    report, found, status = ending.report, ending.found, ending.status
    entry.add(stopping=-(found.cancel_requested_at is not None), in_progress=-1, **{status: 1})
    if found.waits_for == states.Wait.PERSON:
        entry.add(asking=-1)
    else:
        _freed(entry, ending)
    entry.add(losses=report.said is Said.LOSE, questions=-bool(found.question))
    entry.add(input_tokens=report.usage.input_tokens, output_tokens=report.usage.output_tokens, cost=report.usage.cost)
    load = entry.load(found.agent)
    if status == states.Status.COMPLETED:
        load.completed += 1
    elif report.said is not Said.RELEASE:
        load.unsuccessful += 1
    if status in states.TERMINAL:
        entry.add(expected_ended=found.expected_seconds)
    if status == states.Status.PENDING:
        entry.add(outside=ending.outside and ending.not_before is None)
    if status == states.Status.PENDING and report.said is not Said.RELEASE:
        entry.add(retries=1, delayed=ending.not_before is not None)
    kind, topic = _KIND[report.said]
    data = _ending_data(ending)
    note(entry, kind, found, topic=topic, before=states.Status.IN_PROGRESS, after=status, data=data)


def _freed(entry: Entry, ending: _Ending) -> None:
    """The seat of an agent, the time it was at it, and what it did. A person who is asked has none of these."""
    report, found = ending.report, ending.found
    at = report.at or entry.now
    leased = moment(found.leased_at) or at
    asked = _asked(found, at)
    busy = max(0.0, (at - leased).total_seconds() - asked)
    since = entry.seconds(leased) + found.asked_seconds
    if (asking := moment(found.asked_at)) is not None:
        since -= entry.seconds(asking)
    undeclared = found.lane == "execute" and not found.declared
    entry.add(open_alone=-bool(found.alone), open_undeclared=-undeclared, **{f"open_{found.lane}": -1})
    entry.add(open_started_sum=-since, busy_ended=busy)
    if entry.open == 0:
        entry.mark(open_started_sum=0.0)
    load = entry.load(found.agent)
    load.opened -= 1
    load.busy += busy
    if ending.status == states.Status.COMPLETED:
        started = ending.started_at or leased
        available = moment(found.available_at) or leased
        overhead = (started - available).total_seconds() + (entry.now - at).total_seconds()
        worked = _worked(ending, at)
        work = max(0.0, (at - started).total_seconds()) if worked is None else worked
        entry.add(work_done=work, overhead_sum=max(0.0, overhead), overhead_count=1)
        if found.usual_seconds is not None:
            entry.add(usual_work=found.usual_seconds, usual_took=work)


def _worked(ending: _Ending, at: datetime) -> float | None:
    """Seconds that completed work would have taken alone, without waiting for answers; None for as long as it took."""
    told, since = ending.report.worked_seconds, ending.started_at
    if ending.status != states.Status.COMPLETED or since is None:
        return None
    took = max(0.0, (at - since).total_seconds())
    alone = max(0.0, took - _asked(ending.found, at))
    worked = alone if told is None else min(told, alone)
    return worked if worked < took else None


def _asked(found: Found, at: datetime) -> float:
    """Seconds in which its agent waited for answers."""
    since = moment(found.asked_at)
    return found.asked_seconds + ((at - since).total_seconds() if since else 0.0)


def _ending_data(ending: _Ending) -> dict[str, Any] | None:
    report = ending.report
    if report.said is Said.COMPLETE:
        return {"digest": report.digest}
    told = {"error": report.error, "last_try": ending.last_try or None}
    if ending.not_before is not None:
        told["not_before"] = ending.not_before.isoformat()
    return {name: value for name, value in told.items() if value} or None
