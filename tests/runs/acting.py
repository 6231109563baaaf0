"""A stage for runs: real workers that do what a test says, and a ledger that is taken on turn by turn."""

import sys
from collections.abc import Callable
from threading import Condition
from types import ModuleType
from typing import Any

import pytest

from runs.backends.embedded import Embedded
from runs.executors import running
from runs.executors.base import Failed, Job, Outcome
from runs.ledger import Ledger
from runs.models import Event
from tests.runs.factories import Clock, Outline, Work, work

PATIENCE = 60.0  # seconds until a test that waits for something gives up


class Puppet:
    """The executor `puppet`: every attempt says that it has begun, and ends when and how the test says."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._orders: dict[str, Outcome | BaseException] = {}
        self.begun: list[str] = []
        self.busy: set[str] = set()
        self.most_busy = 0
        self.jobs: dict[str, Job] = {}

    def run(self, job: Job) -> Outcome:
        job.on_stop(self._notify)
        with self._changed:
            self.begun.append(job.key)
            self.busy.add(job.key)
            self.most_busy = max(self.most_busy, len(self.busy))
            self.jobs[job.key] = job
            self._changed.notify_all()
            self._changed.wait_for(lambda: job.key in self._orders or job.stopping, min(PATIENCE, job.remaining()))
            self.busy.discard(job.key)
            self._changed.notify_all()
            order = None if job.stopping else self._orders.pop(job.key, None)
        if isinstance(order, BaseException):
            raise order
        job.check()
        return order or Outcome()

    def finish(self, key: str, order: Outcome | BaseException | None = None) -> None:
        """Ends the attempt at this subtask, or its next one."""
        with self._changed:
            self._orders[key] = order or Outcome({"of": key})
            self._changed.notify_all()

    def fail(self, key: str, **more: Any) -> None:
        self.finish(key, Failed(f"{key} went wrong", **more))

    def wait_for(self, *keys: str) -> None:
        """Until just these are under way."""
        with self._changed:
            done = self._changed.wait_for(lambda: self.busy == set(keys), PATIENCE)
            assert done, f"{self.busy} are under way, not {keys}"

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


class Stage:
    """An embedded server without its thread: `turn` carries out what waits, or waits for what a worker says."""

    def __init__(self, puppet: Puppet, workers: int = 16) -> None:
        self.puppet = puppet
        self.clock = Clock()
        self.seconds = 0.0
        self.chance = 0.0
        self.seats = Embedded(workers)
        self.ledger = Ledger(self.seats, clock=self.clock, steady=lambda: self.seconds, chance=lambda: self.chance)

    def run(self, outline: Outline, **columns: Any) -> Work:
        """A run of puppets that has had its first pass."""
        puppets = {key: {"executor": {"name": "puppet"}} | dict(said) for key, said in outline.items()}
        made = work(puppets, **columns)
        made.clock = self.clock
        self.look_at(made)
        return made

    def look_at(self, made: Work) -> None:
        """A pass over this run, as everything that changes it asks for."""
        self.ledger.wake(made.run_id)
        self.ledger.turn()

    def pass_time(self, seconds: float) -> None:
        """Both clocks go on, a second at a time, each with its sweep."""
        left = seconds
        while left > 0:
            self.clock.advance(min(1.0, left))
            self.seconds += min(1.0, left)
            left -= 1.0
            self.ledger.wake(0)  # so that the turn does not wait
            self.ledger.turn()

    def until(self, done: Callable[[], bool]) -> None:
        """Turns until that is so."""
        for _ in range(100):
            if done():
                return
            self.ledger.turn()
        raise AssertionError("it never came to that")

    def wait_for(self, *keys: str) -> None:
        """Until just these puppets are under way, with all carried out that waits."""
        while not self.ledger._slips.empty():
            self.ledger.turn()
        self.puppet.wait_for(*keys)

    def end(self, made: Work, *keys: str) -> None:
        """Finishes these puppets one after the other, each once it is under way."""
        for key in keys:
            self.puppet.finish(key)
            self.until(lambda key=key: made.status(key) == "completed")  # type: ignore[misc]

    def close(self) -> None:
        self.ledger.pause()
        self.seats.stop(PATIENCE)
        self.ledger.wake(0)
        self.ledger.turn()


def register(monkeypatch: pytest.MonkeyPatch, name: str, run: Callable[[Job], Outcome]) -> None:
    """Makes an executor of that name for the length of a test."""
    module = ModuleType(f"tests.made_up.{name}")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(running.MODULES, name, module.__name__)


def most_open(made: Work) -> int:
    """The most attempts that were ever open at a time, by the event log."""
    ends = ("completed", "failed", "timed_out", "lost", "released", "cancelled")
    opened = most = 0
    for kind, attempt in Event.objects.filter(run=made.run_id).order_by("seq").values_list("kind", "attempt_id"):
        opened += (kind == "leased") - (kind in ends and attempt is not None)
        most = max(most, opened)
    return most
