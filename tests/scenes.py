"""Runs to look at: made by the product's own actions and moved by its own transitions, at times the test chooses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from runs import actions, journal, loop, outputs, transitions
from runs.entry import Entry
from runs.leases import Pick
from runs.models import Agent, Attempt, Run, Subtask
from runs.reports import Report, Said
from todos.models import Claim, Dependency, Todo

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)


class Scene:
    """A run of Ada's, and what happens in it. Its clock stands still until `later` moves it."""

    def __init__(self, run: Run, now: datetime) -> None:
        self.run_id = run.pk
        self.now = now

    @property
    def run(self) -> Run:
        return Run.objects.get(pk=self.run_id)

    def subtask(self, key: str) -> Subtask:
        return Subtask.objects.get(run=self.run_id, key=key)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        with transaction.atomic(), journal.of(self.run_id, self.now) as entry:
            yield entry
            loop.run_pass(entry, None)

    def start(self, *keys: str, agent: str = "agent-1") -> None:
        """An agent begins with these subtasks; those that cannot have what they claim begin to wait for it."""
        worker, _ = Agent.objects.get_or_create(name=agent, defaults={"created_at": self.now})
        with self.entry() as entry:
            transitions.move(entry, "start")
            transitions.lease(entry, [self._pick(key, worker) for key in keys])

    def _pick(self, key: str, worker: Agent) -> Pick:
        subtask = self.subtask(key)
        timeout = subtask.timeout_seconds or 300.0
        return Pick(
            subtask.pk, subtask.epoch, subtask.lane, subtask.alone, timeout, worker.pk, self.now, started_at=self.now
        )

    def attempt(self, key: str) -> Attempt:
        """The latest of this subtask."""
        return Attempt.objects.filter(run=self.run_id, subtask__key=key).order_by("-epoch")[0]

    def end(self, said: Said, *keys: str, **more: Any) -> None:
        reports = []
        for key in keys:
            attempt = self.attempt(key)
            reports.append(Report(said, self.run_id, attempt.pk, attempt.epoch, at=self.now, **more))
        with self.entry() as entry:
            transitions.apply(entry, reports, chance=0.0)

    def complete(self, *keys: str, **more: Any) -> None:
        self.end(Said.COMPLETE, *keys, **more)

    def fail(self, *keys: str, error: str = "it broke", retryable: bool = False) -> None:
        self.end(Said.FAIL, *keys, error=error, retryable=retryable)

    def lose(self, *keys: str) -> None:
        self.end(Said.LOSE, *keys, error="no heartbeat for 15 s")

    def print(self, key: str, text: str) -> None:
        """The attempt under way prints something."""
        sink = outputs.Sink(self.run_id, self.attempt(key).subtask_id, self.attempt(key).epoch)
        sink.write(text.encode())
        sink.close()


def scene(
    owner: User,
    keys: Sequence[str] = ("a", "b", "c"),
    needs: dict[str, list[str]] | None = None,
    *,
    content: str = "Review the code base",
    seconds: float = 10.0,
    claims: dict[str, list[dict[str, Any]]] | None = None,
    phases: dict[str, int] | None = None,
    **options: Any,
) -> Scene:
    """A run of subtasks with these keys that has not begun."""
    root = Todo.objects.create(owner=owner, content=content)
    rows = Todo.objects.bulk_create(
        Todo(
            owner=owner,
            root=root,
            parent=root,
            key=key,
            content=f"Do {key}",
            position=at,
            estimated_seconds=seconds,
            executor={"name": "simulate", "seconds": seconds},
            lane="query",
            resources_known=key in (claims or {}),
            phase=(phases or {}).get(key),
        )
        for at, key in enumerate(keys)
    )
    by_key = {row.key: row for row in rows}
    Dependency.objects.bulk_create(
        Dependency(before=by_key[before], after=by_key[after])
        for after, befores in (needs or {}).items()
        for before in befores
    )
    Claim.objects.bulk_create(
        Claim(todo=by_key[key], **claim) for key, made in (claims or {}).items() for claim in made
    )
    run = actions.start(root, actions.Options(**({"strategy": "parallel"} | options)))
    return Scene(run, run.updated_at)


def bump(run: Scene) -> None:
    """Something happens."""
    with run.entry() as entry:
        entry.note("clock_step", topic="metrics")


def ended_scene(owner: User) -> Scene:
    """A run that is over: `a` for the first 10 s, then `b` for 20 s."""
    made = scene(owner, "ab", {"b": ["a"]})
    made.start("a")
    made.later(10)
    made.complete("a")
    made.start("b")
    made.later(20)
    made.complete("b")
    return made
