"""The subagents of a session: which launch each came from, and which subtask is theirs.

A hook about a launch names a tool use, a hook of a subagent its id; only the return of the launch names both. So the
first of them that begins is taken for the first that was launched, until that is known better.
"""

from typing import Any

from runs import transitions
from runs.hooks.facts import Heard, Launched, Returned
from runs.models import Attempt
from runs.reports import Usage
from runs.tracking.book import Book, Told
from todos.plan.words import Status

Record = dict[str, Any]


class Subagents:
    def __init__(self, book: Book, state: dict[str, Any], main: str) -> None:
        self.book = book
        self.main = main
        self.records: list[Record] = state.setdefault("subagents", [])

    def of(self, agent: str | None) -> Record | None:
        return next((one for one in self.records if agent is not None and one["agent"] == agent), None)

    def launched(self, fact: Launched) -> None:
        if self._of_use(fact.use) is None:
            self._new(fact.content, fact.type, use=fact.use)

    def began(self, heard: Heard) -> Record | None:
        """The one a hook came from; new ones are told from each other by their launches."""
        if heard.agent is None or (known := self.of(heard.agent)):
            return self.of(heard.agent)
        waiting = [one for one in self.records if one["use"] and one["agent"] is None and self._is_open(one)]
        alike = [one for one in waiting if one["type"] == heard.agent_type] or waiting
        known = alike[0] if alike else self._new(heard.agent_type, heard.agent_type)
        guessed = any(not one["sure"] for one in self.records if one is not known)
        known["agent"], known["sure"] = heard.agent, len(alike) <= 1 and not (alike and guessed)
        return known

    def stopped(self, heard: Heard) -> None:
        """The return of a launch says more surely whose end it is."""
        record = self.of(heard.agent)
        if record is not None:
            record["stopped"] = True
            if record["sure"] or record["use"] is None:
                self._end(record, Status.COMPLETED)

    def returned(self, fact: Returned) -> None:
        record = self._of_use(fact.use) or self._new(fact.content, fact.type, use=fact.use)
        record = self._make_sure(record, fact.agent)
        if fact.running:
            record["background"] = True
            if record["stopped"]:
                self._end(record, Status.COMPLETED)
            return
        self._end(record, Status.FAILED if fact.error else Status.COMPLETED, fact.error or "")
        row = self.book.find([record["key"]])[record["key"]]
        attempt = Attempt.objects.filter(subtask=row, epoch=row.epoch).first()
        if attempt is not None:
            usage = Usage(fact.input_tokens, fact.output_tokens)
            transitions.bill(self.book.entry, attempt.pk, attempt.epoch, usage)

    def turn_ended(self) -> None:
        """Whoever had stopped and whose launch never returned has ended."""
        for record in self.records:
            if record["stopped"]:
                self._end(record, Status.COMPLETED)

    def turn_broken_off(self) -> None:
        """The next turn has begun: whatever the last one waited for is over."""
        self.turn_ended()
        for record in self.records:
            if not record["background"] and record["use"]:
                self._end(record, Status.CANCELLED, "its turn was broken off")

    def _of_use(self, use: str) -> Record | None:
        return next((one for one in self.records if one["use"] == use), None)

    def _new(self, content: str, kind: str, *, use: str | None = None) -> Record:
        number = len(self.records) + 1
        short = self.main.rpartition(" ")[2]
        (key,), _ = self.book.unused("agent", len(self.records))
        record: Record = {"key": key, "name": f"{kind} {number} ({short})", "type": kind, "use": use}
        record |= {"agent": None, "sure": True, "background": False, "stopped": False}
        self.records.append(record)
        self.book.add({record["key"]: content})
        self.book.agent(record["name"], parent=self.book.agent(self.main))
        self.book.tell(Told(record["key"], Status.IN_PROGRESS, agent=record["name"]), self.main)
        return record

    def _make_sure(self, record: Record, agent: str | None) -> Record:
        """Whose launch it was is known now; who was taken for it takes the other's place."""
        other = self.of(agent)
        record["sure"] = True
        if agent is None or other is record:
            return record
        if other is None:
            record["agent"] = agent
        elif other["use"] is None:
            self._end(record, Status.CANCELLED, f"it is {other['key']}")
            other["use"], record["use"] = record["use"], None
            return other
        else:
            for name in ("agent", "stopped"):
                record[name], other[name] = other[name], record[name]
        return record

    def _is_open(self, record: Record) -> bool:
        return self.book.find([record["key"]])[record["key"]].status == Status.IN_PROGRESS

    def _end(self, record: Record, status: Status, error: str = "") -> None:
        if self._is_open(record):
            self.book.tell(Told(record["key"], status, message=error or None), self.main)
