"""One transaction's entries about one run: its events and counters, read once, written once.

`with journal.of(run_id, now) as entry:` locks the run, hands out an `Entry` that transitions write into, and puts
events, counters and the hint to the outside into the same transaction when the block ends. Nothing is written when the
block raises.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from runs import announce, logged
from runs.engine import states
from runs.engine.modes import Mode
from runs.letters import telling
from runs.sql import Statement, json_text, json_value, moment, stamp
from runs.statements import ADD_LOADS, EVENTS, FIRST_LOADS

# What transitions may change, and what they only read.
_COUNTERS = (
    "last_seq total pending in_progress completed failed cancelled skipped blocked at_barrier delayed outside "
    "held_back rate_limited conditional claiming approvals asking questions open_query open_execute open_undeclared "
    "open_alone stopping agents_active peak_open overlapped retries losses expected_total expected_ended busy_ended "
    "open_started_sum work_done usual_work usual_took overhead_sum overhead_count input_tokens output_tokens cost "
    "paused_seconds person_seconds"
).split()
_MARKS = (
    "status end_reason started_at finished_at paused_at person_at resumed_at cancel_requested_at phase "
    "barrier_until ranked heard_at open_until max_agents agents_allowed agents_steps agents_slowdown"
).split()
_FACTS = (
    "owner_id todo_id baseline_of_id rollback_of_id content backend strategy adaptive lanes fail_fast budget "
    "created_at updated_at"
).split()
_TIMES = {
    "created_at",
    "updated_at",
    "barrier_until",
    "open_until",
    *(name for name in _MARKS if name.endswith("_at")),
}

_READ = Statement("", f"SELECT {', '.join(_FACTS + _MARKS + _COUNTERS)} FROM runs_run WHERE id = %(run)s {{lock}}")


@lru_cache(maxsize=256)
def _write(names: tuple[str, ...]) -> Statement:
    told = "".join(f"{name} = %({name})s, " for name in names)
    return Statement("", f"UPDATE runs_run SET {told}updated_at = %(now)s WHERE id = %(run)s")


_LOCK_CLAIMS = "SELECT pg_advisory_xact_lock(7261) FROM runs_run WHERE id = ANY(%s) AND claiming > 0 LIMIT 1"

CLOCK_STEP = timedelta(seconds=2)


class NoSuchRun(LookupError):
    """There is no run of that number, or there is none any more."""


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
        at = stamp(self.now)
        self.events.append(
            (self.row["last_seq"], topic, kind, subtask, attempt, epoch, agent, before, after, at, json_text(data))
        )

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


@contextmanager
def of(run_id: int, now: datetime, *, in_turn: bool = False) -> Iterator[Entry]:
    """Must be inside a transaction. Raises NoSuchRun. `in_turn`: `lock_claims` was called for this run."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a journal entry needs a transaction")
    if not in_turn:
        lock_claims([run_id])
    found = _READ(run=run_id)
    if not found:
        raise NoSuchRun(f"there is no run {run_id}")
    row = dict(zip(_FACTS + _MARKS + _COUNTERS, found[0], strict=True))
    for name in _TIMES:
        row[name] = moment(row[name])
    entry = Entry(run_id, now, row)
    before = dict(row)
    _keep_time(entry)
    yield entry
    entry.keep_rest()
    if entry.loads:
        _write_loads(entry)
    if entry.events:
        EVENTS(entry.events, run=run_id)
        telling.write(entry, before)
        logged.after_commit(run_id, entry.events)
    if row != before:
        changed = tuple(name for name in _MARKS + _COUNTERS if row[name] != before[name])
        values = {name: stamp(row[name]) if name in _TIMES else row[name] for name in changed}
        _write(changed)(run=run_id, now=stamp(entry.now), **values)
        announce.changed(run_id)
        if entry.for_agents and entry.open < row["max_agents"]:
            announce.work()


def lock_claims(run_ids: Sequence[int]) -> None:
    """Runs that claim something take turns: what one holds, another may want, and waits for. Whoever writes about
    several runs in one transaction asks for all of them first, so that nobody waits in a circle. (SQLite has one writer
    anyway.)
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_CLAIMS, [list(run_ids)])


def _keep_time(entry: Entry) -> None:
    """Time does not go back along the log: who waited for the lock takes the time of who had it; a clock that was set
    back is written down."""
    latest = entry.row["updated_at"]
    if latest - entry.now > CLOCK_STEP:
        gap = (entry.now - latest).total_seconds()
        entry.note("clock_step", topic="metrics", data={"gap_seconds": gap})
    elif latest > entry.now:
        entry.now = latest


def _write_loads(entry: Entry) -> None:
    """Adds to what each agent did, and keeps the number of agents that have an open attempt."""
    rows = {agent: (entry.run_id, agent, *astuple(load)) for agent, load in entry.loads.items()}
    known = ADD_LOADS(rows.values())
    new = [rows[agent] for agent in rows.keys() - {agent for agent, _ in known}]
    for agent, now_open in known + (FIRST_LOADS(new) if new else []):
        was_open = now_open - entry.loads[agent].opened
        entry.add(agents_active=bool(now_open) - bool(was_open))
