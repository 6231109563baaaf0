"""One transaction's entries about one run: its events and counters, read once, written once.

`with journal.of(run_id, now) as entry:` locks the run, hands out an `Entry` that transitions write into, and puts
events, counters and the hint to the outside into the same transaction when the block ends. Nothing is written when the
block raises.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import connection, transaction

from runs import announce, logged
from runs.entry import Entry
from runs.letters import telling
from runs.sql import Statement, moment, stamp
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
        at = stamp(entry.now)
        EVENTS(entry.events, run=run_id, at=at)
        telling.write(entry, before)
        logged.after_commit(run_id, at, entry.events)
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
