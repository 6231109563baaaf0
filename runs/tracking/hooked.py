"""What hooks of coding agents say, written down: a session is a run, its todos, tasks and subagents are subtasks."""

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from runs import transitions
from runs.engine import states
from runs.hooks.facts import (
    Asks,
    Fact,
    Heard,
    Launched,
    Listed,
    Prompted,
    Returned,
    SessionEnded,
    Stopped,
    Task,
    TurnEnded,
    Used,
)
from runs.models import Attempt, Run, Session, Subtask
from runs.reports import Report, Said
from runs.tracking import book, lists, sessions
from runs.tracking.book import Book, Told
from runs.tracking.subagents import Subagents
from todos.plan.words import TERMINAL, Status
from todos.principal import Principal

REMEMBERED_USES = 100
ASKING = {"Notification", "PermissionRequest"}


def write(principal: Principal, heard: Heard, facts: Sequence[Fact]) -> None:
    """Carries out what one hook said. Raises what the writing of reports raises; then nothing is written."""
    with sessions.held(principal, heard.session) as session:
        state = session.state
        if state.get("ended") and not heard.lively:
            return  # it comes late
        state |= {"hooks": True, "ended": False, "folder": heard.folder or state.get("folder", "")}
        for fact in facts:
            if isinstance(fact, Prompted) and fact.text:
                state["prompt"] = fact.text
        run = sessions.current_run(session) or _begin(principal, session, heard, facts)
        if run is not None:
            with book.opened(run, principal, stays_open_seconds=settings.TRACKED_SESSION_SECONDS) as opened:
                Scribe(opened, state, heard).write(facts)
        if any(isinstance(fact, SessionEnded) for fact in facts):
            session.state = {"hooks": True, "ended": True}


def _begin(principal: Principal, session: Session, heard: Heard, facts: Sequence[Fact]) -> Run | None:
    """A run for this session, as soon as there is something to show in it."""
    state = session.state
    items = next((fact.items for fact in facts if isinstance(fact, Listed) and not heard.agent), ())
    begins = (
        any(isinstance(fact, Task | Launched | Returned | Asks) for fact in facts) or heard.event == "SubagentStart"
    )
    if not (items or begins) or (items and lists.as_it_ended(session, items)):
        return None
    for name in ("subagents", "tasks", "permissions"):
        state.pop(name, None)
    content = state.get("prompt") or f"Claude Code in {state['folder']}".removesuffix(" in ")
    return lists.start(principal, session, content, items)


class Scribe:
    """Writes what one hook said into the book of its session's run."""

    def __init__(self, opened: Book, state: dict[str, Any], heard: Heard) -> None:
        self.book = opened
        self.state = state
        self.heard = heard
        self.main = f"claude {heard.session[:8]}"
        self.subagents = Subagents(opened, state, self.main)

    def write(self, facts: Sequence[Fact]) -> None:
        if self.heard.agent is not None and self.heard.lively:
            self.subagents.began(self.heard)
        if self.heard.agent is not None and self.subagents.of(self.heard.agent) is None:
            facts = [fact for fact in facts if isinstance(fact, Task | Returned)]  # nobody knows whose the rest is
        elif self.heard.event not in ASKING:
            self._ask_no_more()
        for fact in facts:
            self._write(fact)

    def _write(self, fact: Fact) -> None:
        match fact:
            case Prompted():
                self.subagents.turn_broken_off()
            case Listed():
                self._list(fact)
            case Task():
                self._task(fact)
            case Launched():
                self.subagents.launched(fact)
            case Returned():
                self.subagents.returned(fact)
            case Stopped():
                self.subagents.stopped(self.heard)
            case Used():
                self._show(fact.summary)
            case Asks():
                self._ask(fact.question)
            case TurnEnded():
                self.subagents.turn_ended()
                self._show(fact.error)
            case SessionEnded():
                transitions.end_session(self.book.entry, "the session ended")
            case _:
                pass

    @property
    def agent(self) -> str:
        """The name of whoever sent the hook."""
        record = self.subagents.of(self.heard.agent)
        return record["name"] if record else self.main

    # ---- todos and tasks ----

    def _list(self, fact: Listed) -> None:
        """A subagent's own list says how far its subtask is: as subtasks its entries would count its time twice."""
        uses = self.state.setdefault("uses", [])
        if fact.use is not None and fact.use in uses:
            return
        self.state["uses"] = [*uses, fact.use][-REMEMBERED_USES:] if fact.use else uses
        if self.heard.agent is None:
            lists.take(self.book, self.state, fact.items, self.main)
        elif fact.items:
            done = sum(1 for item in fact.items if item.status == Status.COMPLETED)
            doing = next((item.doing or item.content for item in fact.items if item.status == Status.IN_PROGRESS), "")
            self._show(doing, done / len(fact.items))

    def _task(self, fact: Task) -> None:
        keys = self.state.setdefault("tasks", {})
        key = keys.setdefault(fact.id, f"task-{re.sub(r'[^A-Za-z0-9._-]', '-', fact.id)[:50]}")
        row = self._row(key, fact)
        status = Status(fact.status or row.status)
        if row.status in TERMINAL and status not in TERMINAL:
            keys[fact.id] = key = f"{key}.{self.book.entry['total']}"  # it is open again, and is a subtask anew
            row = self._row(key, fact)
        if row.status not in TERMINAL:
            owner = fact.owner or (None if row.status == Status.IN_PROGRESS else self.agent)
            doing = fact.doing if status == Status.IN_PROGRESS else None
            self.book.tell(Told(key, status, agent=owner, content=fact.subject, message=doing), self.agent)

    def _row(self, key: str, fact: Task) -> Subtask:
        if not self.book.find([key]):
            self.book.add({key: fact.subject or f"Task {fact.id}"})
        return self.book.rows[key]

    # ---- what an agent is doing, and asks ----

    def _show(self, message: str, progress: float | None = None) -> None:
        """What is shown of the subtask the agent is at."""
        attempt = self._current() if message or progress is not None else None
        if attempt is not None and (message != attempt.message or progress is not None):
            about = (self.book.run.pk, attempt.pk, attempt.epoch)
            report = Report(Said.BEAT, *about, message=message or None, progress=progress)
            transitions.apply(self.book.entry, [report], chance=0.0)

    def _current(self) -> Attempt | None:
        """The attempt the agent has begun last, of those that are open."""
        mine = Attempt.objects.filter(run=self.book.run, status__in=states.ATTEMPT_OPEN, agent__name=self.agent)
        return mine.select_related("subtask").order_by("-pk").first()

    def _ask(self, question: str) -> None:
        """A notification does not say which agent it is about: if one asks already, it is that one."""
        if self.book.entry["questions"] and self.heard.agent is None:
            return
        attempt = self._current()
        if attempt is None:
            permissions = self.state.setdefault("permissions", [])
            (key,), _ = self.book.unused("permission", self.book.entry["total"])
            permissions.append([self.agent, key])
            self.book.add({key: question})
            self.book.tell(Told(key, Status.IN_PROGRESS, agent=self.agent), self.agent)
            attempt = self._current()
        if attempt is not None:
            transitions.ask_elsewhere(self.book.entry, attempt.subtask, question)

    def _ask_no_more(self) -> None:
        """The agent goes on: whatever it asked has been answered, or given up."""
        if not self.book.entry["questions"]:
            return
        open_ones = Attempt.objects.filter(run=self.book.run, status__in=states.ATTEMPT_OPEN, agent__name=self.agent)
        for attempt in open_ones.exclude(subtask__question="").select_related("subtask"):
            transitions.ask_elsewhere(self.book.entry, attempt.subtask, "")
        permissions = self.state.get("permissions", [])
        for name, key in permissions:
            if name == self.agent and self.book.find([key]):
                self.book.tell(Told(key, Status.COMPLETED), self.agent)
        self.state["permissions"] = [one for one in permissions if one[0] != self.agent]
