"""What the tests of runs are made with: frozen runs in any state, a clock that is told the time, a look at all rows."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from runs import journal, loop, transitions
from runs.entry import Entry
from runs.leases import Lease, Pick
from runs.making import freeze
from runs.models import Agent, Attempt, Event, Hold, Resource, Run, RunAgent, Subtask, SubtaskDependency
from runs.reports import Report, Said
from runs.verify import verify
from todos.models import Claim, Dependency, Todo

# Later than any real clock: rows that take the time by themselves are older.
NOW = datetime(2100, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Outline = Mapping[str, Any]  # what is said of each subtask, by key


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What these return, each in a thread and on a connection of its own, all let go at the same moment."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait(10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [done.result(30) for done in [threads.submit(run, call) for call in calls]]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def ada() -> User:
    return User.objects.get_or_create(username="ada")[0]


def todo(outline: Outline, content: str = "Review the code base", **root: Any) -> Todo:
    """A tree of todos: `{"a": {}, "b": {"needs": ["a"], "parent": "a", "lane": "execute"}}`."""
    owner = ada()
    top = Todo.objects.create(owner=owner, content=content, **root)
    made: dict[str, Todo] = {}
    for at, (key, said) in enumerate(outline.items()):
        fields = {name: value for name, value in said.items() if name not in ("needs", "parent", "claims")}
        above = made[said["parent"]] if "parent" in said else top
        spec = {"content": f"Do {key}", "executor": {"name": "simulate", "seconds": 30}} | fields
        made[key] = Todo.objects.create(owner=owner, root=top, parent=above, key=key, position=at, **spec)
        Claim.objects.bulk_create(Claim(todo=made[key], **claim) for claim in said.get("claims", ()))
    for key, said in outline.items():
        Dependency.objects.bulk_create(Dependency(before=made[need], after=made[key]) for need in said.get("needs", ()))
    return top


def agent(name: str = "agent-1") -> Agent:
    return Agent.objects.get_or_create(name=name, token=None, defaults={"kind": "embedded"})[0]


@dataclass
class Work:
    """A run and the time, to act on it as its agents would."""

    run_id: int
    clock: Clock

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def run(self) -> Run:
        return Run.objects.get(pk=self.run_id)

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        with transaction.atomic(), journal.of(self.run_id, self.now) as entry:
            yield entry

    def sweep(self) -> None:
        """A pass in which nothing is dispatched."""
        with self.entry() as entry:
            loop.run_pass(entry, None)

    def subtask(self, key: str) -> Subtask:
        return Subtask.objects.get(run=self.run_id, key=key)

    def status(self, key: str) -> str:
        return self.subtask(key).status

    def attempt(self, key: str) -> Attempt:
        """The last one of that subtask."""
        return Attempt.objects.filter(subtask=self.subtask(key)).latest("epoch")

    def kinds(self, key: str | None = None) -> list[str]:
        """The kinds of the events of the run, or of one of its subtasks."""
        events = Event.objects.filter(run=self.run_id).order_by("seq")
        if key is not None:
            events = events.filter(subtask_id=self.subtask(key).pk)
        return list(events.values_list("kind", flat=True))

    def pick(self, key: str, who: str = "agent-1", **changed: Any) -> Pick:
        row = self.subtask(key)
        plain: dict[str, Any] = {
            "subtask": row.pk,
            "epoch": row.epoch,
            "lane": row.lane,
            "alone": row.alone,
            "timeout_seconds": row.timeout_seconds,
            "agent": agent(who).pk,
            "available_at": row.ready_at or self.now,
        }
        return Pick(**(plain | changed))

    def lease(self, key: str, who: str = "agent-1", **changed: Any) -> Lease:
        with self.entry() as entry:
            (lease,) = transitions.lease(entry, [self.pick(key, who, **changed)])
        return lease

    def begin(self, key: str, who: str = "agent-1") -> Lease:
        """Leases it and starts it."""
        lease = self.lease(key, who)
        self.say(Said.START, lease)
        return lease

    def do(self, key: str, said: Said = Said.COMPLETE, **more: Any) -> Report:
        """A whole attempt, from its lease to its end."""
        return self.say(said, self.begin(key), **more)

    def say(self, said: Said, lease: Lease, *, chance: float = 0.0, **more: Any) -> Report:
        plain: dict[str, Any] = {"attempt": lease.attempt, "epoch": lease.epoch}
        report = Report(said, self.run_id, **(plain | more))
        with self.entry() as entry:
            transitions.apply(entry, [report], chance)
        return report


def work(outline: Outline, **columns: Any) -> Work:
    """A run of an outline, made at NOW, pending like every new run."""
    clock = Clock()
    top = todo(outline)
    plan = freeze.plan_of(top)
    plain = {"strategy": "parallel", "created_at": clock(), "updated_at": clock()} | columns
    run = Run.objects.create(todo=top, owner=top.owner, content=top.content, **plain)
    with transaction.atomic(), journal.of(run.pk, clock()) as entry:
        freeze.write(entry, run, plan, {})
    return Work(run.pk, clock)


def violations(now: datetime) -> list[str]:
    """What `verify` finds, as one line a violation."""
    return [f"{found.id} {sentence}" for found in verify(None, now) for sentence in found.shown]


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a transition may write, as the database has it."""
    found = {}
    with connection.cursor() as cursor:
        for table in (Run, Subtask, SubtaskDependency, Attempt, Event, RunAgent, Todo, Hold, Resource):
            cursor.execute(f"SELECT * FROM {table._meta.db_table} ORDER BY 1, 2")
            found[table.__name__] = cursor.fetchall()
    return found
