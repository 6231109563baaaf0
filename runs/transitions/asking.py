"""Questions to a person: an approval is put as soon as it may start, and waits without an agent until it is answered.

Its attempt is open like any other, but nobody has it in hand: it takes no seat, no lane and no busy time, it needs no
heartbeat, and only its time-out or a cancel ends it without an answer.
"""

from datetime import timedelta

from runs import statements as sql
from runs.engine import states
from runs.journal import Entry
from runs.models import Agent
from runs.sql import stamp

PERSON = "person"  # the name and the kind of whoever answers


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
