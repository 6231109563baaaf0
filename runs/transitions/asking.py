"""Questions to a person. An approval is put as soon as it may start, and waits without an agent until it is answered.

Its attempt is open like any other, but nobody has it in hand: it takes no seat, no lane and no busy time, it needs no
heartbeat, and only its time-out or a cancel ends it without an answer.

An agent from outside asks while it is at work: it keeps its seat and its lease, and goes on when it has the answer.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings

from runs import statements as sql
from runs.engine import states
from runs.entry import Entry
from runs.models import Agent
from runs.reports import Found, Report, Verdict
from runs.sql import moment, stamp
from runs.transitions.found import note

PERSON = "person"  # the name and the kind of whoever answers


class Held(NamedTuple):
    """An attempt that waits for an answer, or did."""

    attempt: int
    agent: int
    epoch: int


def ask(entry: Entry) -> None:
    """Puts every question whose time has come. In a run without any, nothing is looked up."""
    if not entry["approvals"] or entry["status"] != states.Run.RUNNING or entry.startable <= 0:
        return
    ready = {number: row for number, *row in sql.TO_ASK(run=entry.run_id)}
    if not ready:
        return
    now = stamp(entry.now)
    asked = sql.ASK([(number, epoch) for number, (epoch, _) in ready.items()], run=entry.run_id, now=now)
    person, _ = Agent.objects.get_or_create(name=PERSON, token=None, defaults={"kind": PERSON})
    rows = []
    for number, epoch in asked:
        deadline = stamp(entry.now + timedelta(seconds=ready[number][1]))
        rows.append((number, epoch, person.pk, None, now, deadline, now, now, states.Attempt.RUNNING))
    opened = sql.LEASE_ATTEMPTS(rows, run=entry.run_id, now=now, expires=now, false=False, waits=states.Wait.PERSON)
    epochs = dict(asked)
    for attempt, number in sorted(opened):
        entry.add(pending=-1, in_progress=1, asking=1)
        entry.load(person.pk)  # it has a row among the agents of the run, and no seat
        about = {"subtask": number, "attempt": attempt, "epoch": epochs[number], "agent": person.pk}
        entry.note("leased", before=states.Status.PENDING, after=states.Status.IN_PROGRESS, **about)
        entry.note("started", before=states.Status.IN_PROGRESS, after=states.Status.IN_PROGRESS, **about)


# ---- what agents ask while they are at it ----


def may_ask(report: Report, found: Found) -> bool:
    """One question at a time; the same one again is no other. If not, the report has its verdict."""
    if not report.question or found.question in ("", report.question):
        return True
    report.verdict = Verdict.REFUSED
    return False


def put(entry: Entry, asked: Sequence[tuple[Report, Found]]) -> None:
    """Writes the questions down. While a person thinks, the time of the attempt does not run out."""
    fresh = {found.subtask: (report, found) for report, found in asked if not found.question}
    if not fresh:
        return
    rows = [(number, report.epoch, report.question) for number, (report, _) in fresh.items()]
    until = stamp(entry.now + timedelta(seconds=settings.APPROVAL_TIMEOUT_SECONDS))
    won = [fresh[number] for (number,) in sql.PUT_QUESTIONS(rows)]
    sql.SET_DEADLINES([(found.subtask, report.epoch, until) for report, found in won])
    wait(entry, [(found.subtask, report.epoch) for report, found in won])
    for report, found in won:
        found.question, found.asked_at = report.question, stamp(entry.now)
        entry.add(questions=1)
        note(entry, "asked", found, data={"question": report.question})


def answer(entry: Entry, subtask: int, said: dict[str, Any]) -> int | None:
    """Takes the question back, now that it is answered: the agent goes on with its whole time before it. Gives the
    agent; None when nobody asks."""
    found = sql.CLEAR_QUESTION(run=entry.run_id, id=subtask)
    if not found:
        return None
    ((epoch, seconds),) = found
    deadline = stamp(entry.now + timedelta(seconds=seconds))
    ((attempt, agent),) = sql.SET_DEADLINES([(subtask, epoch, deadline)])
    go_on(entry, subtask)
    entry.add(questions=-1)
    entry.note("answered", subtask=subtask, attempt=attempt, epoch=epoch, agent=agent, data=said)
    return int(agent)


def wait(entry: Entry, attempts: Sequence[tuple[int, int]]) -> list[Held]:
    """From now on these (subtask, epoch) wait for a person, and are not at work."""
    held = [Held(*row) for row in sql.HOLD(attempts, now=stamp(entry.now))]
    entry.add(open_started_sum=-len(held) * entry.seconds(entry.now))
    return held


def go_on(entry: Entry, subtask: int) -> list[Held]:
    """The open attempt at it is at work again."""
    waiting = sql.HELD(id=subtask)
    for _, _, epoch, since, before in waiting:
        waited = (entry.now - (moment(since) or entry.now)).total_seconds()
        sql.GO_ON([(subtask, epoch, before + waited)])
        entry.add(open_started_sum=entry.seconds(entry.now))
    return [Held(*row[:3]) for row in waiting]
