"""Work that its agents report by themselves: what is not dispatched, and has no lease.

An agent's word is taken as it comes: it has begun what it says it has begun, whatever that should have waited for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.models import RunAgent, Subtask
from runs.reports import Report, Said, Usage
from runs.sql import json_text, stamp
from runs.transitions import asking
from runs.transitions.leasing import count_beside
from runs.transitions.lifecycle import request_cancel
from runs.transitions.making import count_in
from runs.transitions.reporting import apply


def hear(entry: Entry, stays_open_seconds: float) -> None:
    """Something was heard: the run stays open for more for that long from now."""
    entry.mark(heard_at=entry.now, open_until=entry.now + timedelta(seconds=stays_open_seconds))


def add(entry: Entry, subtasks: Sequence[Subtask]) -> None:
    """More subtasks for a run under way; nothing goes before them."""
    Subtask.objects.bulk_create(subtasks, batch_size=500)
    count_in(entry, subtasks, at_barrier=0)
    for subtask in subtasks:
        entry.note("added", subtask=subtask.pk, after=states.Status.PENDING)


def begin(entry: Entry, subtask: Subtask, agent: int, token: int | None, at: datetime | None = None) -> bool:
    """An agent has begun, now or `at` an earlier time. False when the subtask was no longer to be begun.

    Reports that come late come in lots: how many were at work at once cannot be told from them any more.
    """
    if at is not None:
        entry.mark(peak_open=None, max_agents=max(entry["max_agents"], _reporting(entry, agent)))
    began = at or entry.now
    now = stamp(began)
    won = sql.BEGIN_REPORTED(run=entry.run_id, id=subtask.pk, epoch=subtask.epoch, now=now)
    for epoch, unmet, lane, alone in won:
        row = (subtask.pk, epoch, agent, token, now, None, now, now, states.Attempt.RUNNING)
        ((attempt, _),) = sql.LEASE_ATTEMPTS(
            [row], run=entry.run_id, now=stamp(entry.now), expires=None, false=False, waits=""
        )
        count_beside(entry, 1, 1)
        entry.add(pending=-1, in_progress=1, open_alone=bool(alone), open_started_sum=entry.seconds(began))
        entry.add(blocked=-bool(unmet), outside=-(not unmet))
        entry.add(**{f"open_{lane}": 1}, open_undeclared=lane == "execute" and subtask.claims is None)
        entry.load(agent).opened += 1
        entry.mark(max_agents=max(entry["max_agents"], entry.open))
        about = {"subtask": subtask.pk, "attempt": attempt, "epoch": epoch, "agent": agent}
        entry.note("leased", before=states.Status.PENDING, after=states.Status.IN_PROGRESS, **about)
        entry.note("started", before=states.Status.IN_PROGRESS, after=states.Status.IN_PROGRESS, **about)
    return bool(won)


def _reporting(entry: Entry, agent: int) -> int:
    """How many agents have reported in this run, with this one."""
    there = RunAgent.objects.filter(run=entry.run_id).values_list("agent", flat=True)
    return len({*there, *entry.loads, agent})


def ask_elsewhere(entry: Entry, subtask: Subtask, question: str) -> None:
    """What its agent asks where nobody here can answer; empty when it asks no more."""
    if question == subtask.question:
        return
    if sql.ASK_ELSEWHERE(run=entry.run_id, id=subtask.pk, question=question):
        held = asking.wait(entry, [(subtask.pk, subtask.epoch)]) if question else asking.go_on(entry, subtask.pk)
        about = held[0]._asdict() if held else {}
        entry.add(questions=bool(question) - bool(subtask.question))
        data = {"question": question} if question else None
        kind = "asks" if question else "asks_no_more"
        entry.note(kind, subtask=subtask.pk, data=data, **about)


def bill(entry: Entry, attempt: int, epoch: int, usage: Usage) -> bool:
    """Adds what an attempt that has ended used. False when that was known already."""
    if not (usage.input_tokens or usage.output_tokens or usage.cost):
        return False
    tokens_in, tokens_out, cost = usage.input_tokens, usage.output_tokens, usage.cost
    won = sql.BILL([(attempt, epoch, tokens_in, tokens_out, cost)], run=entry.run_id)
    for subtask, agent in won:
        entry.add(input_tokens=tokens_in, output_tokens=tokens_out, cost=cost)
        data = {"input_tokens": tokens_in, "output_tokens": tokens_out, "cost": cost}
        about = {"subtask": subtask, "attempt": attempt, "epoch": epoch, "agent": agent}
        entry.note("usage", topic="metrics", data=data, **about)
    return bool(won)


def rename(entry: Entry, subtask: Subtask, content: str) -> bool:
    """Its agent has found other words for it. Says whether they are new."""
    renamed = bool(sql.RENAME(run=entry.run_id, id=subtask.pk, content=content))
    if renamed:
        entry.note("renamed", subtask=subtask.pk, data={"from": subtask.content[:200], "to": content[:200]})
    return renamed


def mark_reported(entry: Entry, subtask: Subtask, reported: dict[str, str]) -> None:
    """When each agent last reported it, by the agents' own clocks."""
    sql.MARK_REPORTED(run=entry.run_id, id=subtask.pk, reported=json_text(reported))


def end_session(entry: Entry, reason: str) -> None:
    """Nothing more is to come: what has not ended is cancelled."""
    entry.mark(open_until=entry.now)
    if entry["pending"] or entry["in_progress"]:
        request_cancel(entry, reason)
        _end(entry, Said.CANCEL, reason)


def fall_silent(entry: Entry) -> None:
    """Gives a run up of which nothing was heard for so long that nobody can be at it any more."""
    silence = timedelta(seconds=settings.TRACKED_SILENCE_SECONDS)
    if entry.ended or entry["heard_at"] is None or entry["heard_at"] > entry.now - silence:
        return
    reason = f"nothing was heard for {settings.TRACKED_SILENCE_SECONDS / 3_600:g} hours"
    _end(entry, Said.LOSE, reason)
    if entry["pending"]:
        request_cancel(entry, reason)
    entry.mark(open_until=entry.now)


def _end(entry: Entry, said: Said, reason: str) -> None:
    rows = sql.OPEN_REPORTED(run=entry.run_id)
    reports = [Report(said, entry.run_id, attempt, epoch, error=reason, retryable=False) for attempt, epoch in rows]
    apply(entry, reports, chance=0.0)
