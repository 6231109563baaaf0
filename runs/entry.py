"""What is written about one run in one transaction: the run as it was read, its counters as they become, its events.

Transitions write into it; `runs/journal.py` reads and writes the rows behind it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runs.engine import states
from runs.engine.modes import Mode
from runs.sql import json_value


@dataclass(slots=True)
class Load:
    """What changed for one agent: open attempts, ended ones, busy seconds."""

    opened: int = 0
    completed: int = 0
    unsuccessful: int = 0
    busy: float = 0.0


@dataclass(slots=True)
class Entry:
    run_id: int
    now: datetime
    row: dict[str, Any]
    events: list[tuple] = field(default_factory=list)
    loads: dict[int, Load] = field(default_factory=dict)
    woken: set[int] = field(default_factory=set)  # other runs, in which something may start now
    moved: int = 0  # subtasks that have left the line, or come back into it, without being leased

    def __getitem__(self, name: str) -> Any:
        return self.row[name]

    @property
    def open(self) -> int:
        """Attempts that are open."""
        return self.row["open_query"] + self.row["open_execute"]

    @property
    def startable(self) -> int:
        """Pending subtasks that wait for nothing but an agent."""
        return int(self.row["pending"]) - sum(self.row[counter] for counter in states.NOT_STARTABLE)

    @property
    def for_agents(self) -> bool:
        """Whether there may be something that agents from outside could start."""
        shared = any((lane or {}).get("mode") == Mode.HYBRID for lane in (json_value(self.row["lanes"]) or {}).values())
        return self.row["status"] == states.Run.RUNNING and (self.row["outside"] > 0 or (shared and self.startable > 0))

    @property
    def ended(self) -> bool:
        return self.row["status"] in states.RUN_TERMINAL

    def is_barred(self, phase: int | None) -> bool:
        """Whether subtasks of this phase wait for a barrier."""
        return phase is not None and self.row["phase"] is not None and phase > self.row["phase"]

    @property
    def at_rest(self) -> bool:
        """Paused, with nobody at work: time that is not the run's. Before it has begun there is none to leave out."""
        return self.row["status"] == states.Run.PAUSED and not self.open and self.row["started_at"] is not None

    @property
    def up_to_a_person(self) -> bool:
        """All that has not ended waits for an answer, or for what waits for one: that is not the run's time either.
        Agents that report by themselves go on when they like, whatever else is pending."""
        if self.row["person_seconds"] is None or self.at_rest or self.ended or self.open > self.row["questions"]:
            return False
        asked = self.row["asking"] + self.row["questions"] > 0 and self.row["started_at"] is not None
        nothing_else = self.row["pending"] == self.row["blocked"] or self.row["heard_at"] is not None
        return asked and (nothing_else or self.row["status"] == states.Run.PAUSED)

    def keep_rest(self) -> None:
        """Begins or ends a stretch of time that does not count, as things stand now."""
        for name, rests in (("paused", self.at_rest), ("person", self.up_to_a_person)):
            since = self.row[f"{name}_at"]
            if rests and since is None:
                self.mark(**{f"{name}_at": self.now})
            elif since is not None and not rests:
                self.add(**{f"{name}_seconds": max(0.0, (self.now - since).total_seconds())})
                self.mark(**{f"{name}_at": None})

    def seconds(self, time: datetime) -> float:
        """Since the run was made: small numbers add up without losing their fractions."""
        return (time - self.row["created_at"]).total_seconds()

    def add(self, **amounts: float) -> None:
        """Moves counters by these amounts."""
        for name, amount in amounts.items():
            self.row[name] += amount

    def mark(self, **values: Any) -> None:
        self.row.update(values)

    def load(self, agent_id: int) -> Load:
        return self.loads.setdefault(agent_id, Load())

    def note(
        self,
        kind: str,
        *,
        topic: str = "progress",
        subtask: int | None = None,
        attempt: int | None = None,
        epoch: int | None = None,
        agent: int | None = None,
        before: str = "",
        after: str = "",
        data: dict | None = None,
    ) -> None:
        """Appends an event; its seq follows the last one without a gap."""
        self.row["last_seq"] += 1
        self.events.append((self.row["last_seq"], topic, kind, subtask, attempt, epoch, agent, before, after, data))

    def one_after_the_other(self, since: int) -> None:
        """Reorders the events from index `since` on so that those about one subtask stand together.

        Work done in place is written down for many at once; it happened one after the other, and so it should read.
        """
        groups: dict[int | None, list[tuple]] = {}
        for event in self.events[since:]:
            groups.setdefault(event[3], []).append(event)
        first = self.row["last_seq"] - len(self.events) + since + 1
        ordered = (event for group in groups.values() for event in group)
        self.events[since:] = [(first + at, *event[1:]) for at, event in enumerate(ordered)]
