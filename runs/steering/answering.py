"""A person's answer to a question: it ends the attempt of an approval, and is told to an agent that asks while it is at
it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from runs import journal, transitions
from runs.engine import states
from runs.entry import Entry
from runs.external import commands
from runs.models import Attempt, Backend, Order, Subtask
from runs.orchestrating import orchestrator
from runs.reports import Report, Said, Verdict
from todos.problems import Conflict, Missing


def answer(run_id: int, key: str, *, approve: bool, text: str, by: str) -> Subtask:
    """Yes completes an approval, no fails it for good; either says who answered, and what else they said. An agent goes
    on, and is told the same.

    Raises Missing when there is no such subtask, Conflict when it does not wait for an answer, or no longer.
    """
    try:
        with transaction.atomic(), journal.of(run_id, timezone.now()) as entry:
            subtask = Subtask.objects.get(run=run_id, key=key)
            said = {"approved": approve, "text": text, "by": by}
            if subtask.question and entry["backend"] == Backend.TRACKED:
                raise Conflict("its agent asks in a session of its own: answer there", current=subtask.status)
            if subtask.question:
                _tell(entry, subtask, said)
            else:
                _end(entry, subtask, said)
            orchestrator.wake(run_id)
    except (journal.NoSuchRun, Subtask.DoesNotExist):
        raise Missing("there is no such subtask") from None
    subtask.refresh_from_db()
    return subtask


def _tell(entry: Entry, subtask: Subtask, said: dict[str, Any]) -> None:
    agent = transitions.answer(entry, subtask.pk, said)
    if agent is None:
        raise Conflict("it waits for no answer any more", current=subtask.status)
    about = {"run": str(entry.run_id), "subtask": subtask.key, "question": subtask.question}
    commands.tell([agent], Order.MESSAGE, {"answer": said, **about}, priority=commands.MOST_URGENT)


def _end(entry: Entry, subtask: Subtask, said: dict[str, Any]) -> None:
    asked = Attempt.objects.filter(subtask=subtask, status__in=states.ATTEMPT_OPEN)
    attempt = asked.filter(waits_for=states.Wait.PERSON).first()
    if attempt is None:
        raise Conflict(_not_asked(subtask), current=subtask.status)
    report = _report(attempt, said)
    transitions.apply(entry, [report], chance=0.0)
    if report.verdict is not Verdict.ACCEPTED:
        raise Conflict("it waits for no answer any more", current=subtask.status)


def _report(attempt: Attempt, said: dict[str, Any]) -> Report:
    about = (attempt.run_id, attempt.pk, attempt.epoch)
    if said["approved"]:
        return Report(Said.COMPLETE, *about, result=said)
    error = f"not approved: {said['text']}" if said["text"] else "not approved"
    return Report(Said.FAIL, *about, error=error, retryable=False, partial_result=said)


def _not_asked(subtask: Subtask) -> str:
    if subtask.status == states.Status.IN_PROGRESS:
        if subtask.question:
            return "its agent asks in a session of its own: answer there"
        return "an agent is at this subtask, and asks nothing"
    return f"a subtask that is {subtask.status} waits for no answer"
