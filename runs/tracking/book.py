"""A tracked run while it is being written: its subtasks by key, and what reports make of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runs import journal, loop, transitions
from runs.engine.reported import Step, steps
from runs.entry import Entry
from runs.making import freeze
from runs.models import Agent, Attempt, Backend, Run, Subtask
from runs.reports import Report, Said, Usage
from runs.tracking import reporters
from todos.actions import planting
from todos.models import Todo
from todos.plan.words import Status
from todos.principal import Principal
from todos.problems import Conflict, Invalid, Missing
from todos.wire.inputs import SubtaskIn

_SAID = {Step.BEAT: Said.BEAT, Step.COMPLETE: Said.COMPLETE, Step.FAIL: Said.FAIL, Step.CANCEL: Said.CANCEL}


@dataclass(slots=True)
class Told:
    """One report. `at` is the time by the clock of whoever tells; `agent` None: whoever has it, else the teller.
    `only_new`: it says nothing of a subtask that is there already. `ago`: seconds since it happened."""

    key: str
    status: Status
    agent: str | None = None
    progress: float | None = None
    content: str | None = None
    message: str | None = None
    at: datetime | None = None
    result: Any = None
    error: str = ""
    usage: Usage = field(default_factory=Usage)
    only_new: bool = False
    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a report: accepted, same (it stood so already), ignored (older than the last), refused."""

    outcome: str
    status: Status
    detail: str | None = None


class Book:
    """One transaction about one tracked run."""

    def __init__(self, entry: Entry, run: Run, principal: Principal) -> None:
        self.entry = entry
        self.run = run
        self.principal = principal
        self.rows: dict[str, Subtask] = {}
        self._agents: dict[str, Agent] = {}

    # ---- subtasks ----

    def find(self, keys: Collection[str]) -> dict[str, Subtask]:
        """Those of these that are there."""
        unread = [key for key in keys if key not in self.rows]
        for at in range(0, len(unread), 500):
            rows = Subtask.objects.filter(run=self.run, key__in=unread[at : at + 500]).defer("result")
            self.rows.update({row.key: row for row in rows})
        return {key: self.rows[key] for key in keys if key in self.rows}

    def unused(self, word: str, made: int, number: int = 1) -> tuple[list[str], int]:
        """So many keys of this word, numbered from `made` on, the lowest last, and the highest number looked at.
        Somebody who reports by keys may have taken the next ones already.
        """
        free: list[str] = []
        while len(free) < number:
            some = [f"{word}-{at}" for at in range(made + 1, made + 1 + number - len(free))]
            made += len(some)
            taken = self.find(some)
            free += [key for key in some if key not in taken]
        return free[::-1], made

    def add(self, contents: Mapping[str, str]) -> None:
        """More subtasks, by key, each with a todo of its own below that of the run. Raises Invalid when
        there are too many, Conflict when the run is being cancelled."""
        if self.entry["cancel_requested_at"] is not None:
            raise Conflict("the run is being cancelled: it takes no more subtasks", current=self.entry["status"])
        if self.entry["total"] + len(contents) > settings.RUN_MAX_SUBTASKS:
            raise Invalid.at("", f"a run has at most {settings.RUN_MAX_SUBTASKS} subtasks")
        todos = self._todos(contents)
        first = self.entry["total"]
        rows = []
        for at, (key, content) in enumerate(contents.items()):
            leaf = todos.get(key) or Todo(content=content, key=key)
            rows.append(freeze.reported(self.run, leaf, key=key, position=first + at, now=self.entry.now))
        transitions.add(self.entry, rows)
        self.rows.update({row.key: row for row in rows})

    def _todos(self, contents: Mapping[str, str]) -> dict[str, Todo]:
        """The todos of these keys, those that are missing made. Those that are parents do nothing themselves."""
        top = self.run.todo
        if top is None or Subtask.objects.filter(run=self.run, todo=top).exists():
            return {}
        tree = Todo.objects.filter(root=top.tree_id)
        there = dict(tree.filter(key__in=contents).values_list("key", "pk"))
        missing = [SubtaskIn(key=key, content=text) for key, text in contents.items() if key not in there]
        if missing:
            planting.add(self.principal, top, missing)
        return {leaf.key: leaf for leaf in tree.filter(key__in=contents) if not leaf.counts}

    # ---- reports ----

    def agent(self, name: str, parent: Agent | None = None) -> Agent:
        if name not in self._agents:
            most = settings.TRACKED_MAX_AGENTS
            self._agents[name] = reporters.agent(self.principal, self.entry, name, most=most, parent=parent)
        return self._agents[name]

    def tell(self, told: Told, default_agent: str) -> Heard:
        """Carries one report out. Its subtask must have been found or added."""
        row = self.rows[told.key]
        attempt = self.attempt(row)
        by = told.agent or (attempt.agent.name if attempt else default_agent)
        agent = self.agent(by)
        if told.at is not None and self._is_old(row, agent, told.at):
            return Heard("ignored", Status(row.status), "ignored: older than this reporter's last report of it")
        same_agent = attempt is None or attempt.agent_id == agent.pk
        if told.status == Status.PENDING and not same_agent:
            return Heard("ignored", Status(row.status), "ignored: another agent is at it, and it alone hands it back")
        todo = steps(Status(row.status), told.status, same_agent=same_agent)
        if todo is None:
            detail = f"a subtask that is {row.status} is never opened again: report another key"
            return Heard("refused", Status(row.status), detail)
        renamed = told.content is not None and self._rename(row, told.content)
        for step in todo:
            self._take(step, row, agent, told)
        row.refresh_from_db(fields=["status", "epoch", "question"])
        return Heard("accepted" if todo or renamed else "same", Status(row.status))

    def attempt(self, row: Subtask) -> Attempt | None:
        """The open attempt of a subtask."""
        if row.status != Status.IN_PROGRESS:
            return None
        return Attempt.objects.select_related("agent").get(subtask=row, epoch=row.epoch)

    def _is_old(self, row: Subtask, agent: Agent, at: datetime) -> bool:
        """Whether this reporter has said something later about it; if not, it has now."""
        reported = dict(row.reported or {})
        last = reported.get(str(agent.pk))
        if last is not None and at < datetime.fromisoformat(last):
            return True
        reported[str(agent.pk)] = at.isoformat()
        row.reported = reported
        transitions.mark_reported(self.entry, row, reported)
        return False

    def _rename(self, row: Subtask, content: str) -> bool:
        renamed = transitions.rename(self.entry, row, content)
        if renamed and row.todo_id:
            Todo.objects.filter(pk=row.todo_id).update(content=content, updated_at=timezone.now())
        row.content = content
        return renamed

    def _take(self, step: Step, row: Subtask, agent: Agent, told: Told) -> None:
        if step is Step.CANCEL_PENDING:
            transitions.cancel_one(self.entry, row.pk, told.message or "its agent gave it up")
        elif step is Step.BEGIN:
            transitions.begin(self.entry, row, agent.pk, self.principal.token_id, self._when(told))
            row.refresh_from_db(fields=["status", "epoch"])
            if told.status == Status.IN_PROGRESS and (told.progress is not None or told.message):
                self._say(Said.BEAT, row, told)
        elif step is Step.RELEASE:
            self._say(Said.RELEASE, row, told)
            row.refresh_from_db(fields=["status", "epoch"])
        else:
            self._say(_SAID[step], row, told)

    def _when(self, told: Told) -> datetime | None:
        """When it happened, but not before the run began. None: just now."""
        if not told.ago:
            return None
        return max(self.entry["started_at"] or self.entry.now, self.entry.now - timedelta(seconds=told.ago))

    def _say(self, said: Said, row: Subtask, told: Told) -> None:
        attempt = Attempt.objects.get(subtask=row, epoch=row.epoch)
        report = Report(said, self.run.pk, attempt.pk, attempt.epoch, at=self._when(told), retryable=False)
        report.at = max(report.at, attempt.leased_at) if report.at else None
        if said is Said.BEAT:
            report.progress, report.message = told.progress, told.message
        elif said is Said.COMPLETE:
            report.result, report.usage = told.result, told.usage
        else:
            report.error = told.error or told.message or ("it failed" if said is Said.FAIL else "")
            report.usage = told.usage
        transitions.apply(self.entry, [report], chance=0.0)


@contextmanager
def opened(run: Run, principal: Principal, *, stays_open_seconds: float) -> Iterator[Book]:
    """The book of a run that has not ended. Raises Missing, and Conflict when it has ended or is no tracked run."""
    try:
        with transaction.atomic(), journal.of(run.pk, timezone.now()) as entry:
            if entry["backend"] != Backend.TRACKED:
                raise Conflict("this run is dispatched: its attempts are reported", current=entry["status"])
            if entry.ended:
                raise Conflict(f"a run that is {entry['status']} takes no more reports", current=entry["status"])
            transitions.hear(entry, stays_open_seconds)
            yield Book(entry, run, principal)
            loop.run_pass(entry, None)
    except journal.NoSuchRun:
        raise Missing("there is no such run") from None


def told_all(book: Book, reports: Sequence[Told], default_agent: str) -> list[Heard]:
    """Carries reports out in their order; keys that are not there become subtasks first."""
    found = book.find({told.key for told in reports})
    new: dict[str, str] = {}
    for told in reports:
        if told.key not in found:
            new[told.key] = new.get(told.key) or told.content or ""
    if new:
        book.add({key: content or key for key, content in new.items()})
    return [_told(book, told, default_agent, told.key in found) for told in reports]


def _told(book: Book, told: Told, default_agent: str, was_there: bool) -> Heard:
    """To say that something new waits makes nobody an agent of the run."""
    if told.only_new and (was_there or told.status == Status.PENDING):
        return Heard("same" if was_there else "accepted", Status(book.rows[told.key].status))
    return book.tell(told, default_agent)
