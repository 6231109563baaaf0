"""Runs by a clock of their own: real workers carry out what the API makes, and nobody waits for the time it takes."""

from dataclasses import dataclass, field
from typing import Any

from runs.executors.base import Outcome
from runs.models import Subtask
from tests.factories import Api, made
from tests.runs.acting import PATIENCE, Puppet, Stage

Json = dict[str, Any]
MOMENT = 0.1  # seconds to wait for a worker before looking at the ledger again


class Player(Puppet):
    def settled(self, number: int) -> set[str] | None:
        """Who is under way, if that many are soon."""
        with self._changed:
            return set(self.busy) if self._changed.wait_for(lambda: len(self.busy) == number, MOMENT) else None


@dataclass(slots=True)
class Played:
    """A run as it went: when each subtask began and ended, in seconds from the start, and what the API says of it.

    `shown`: at each time when something had begun or ended, the attempts that were under way as the API told it.
    """

    id: str
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    progress: Json = field(default_factory=dict)
    shown: dict[float, int] = field(default_factory=dict)

    @property
    def makespan(self) -> float:
        return max(self.ended.values())

    @property
    def width(self) -> int:
        """The most that were under way at a time."""
        return max(len(self.beside(key)) for key in self.begun)

    def beside(self, key: str) -> set[str]:
        """What was under way when that one began, itself included."""
        at = self.begun[key]
        return {other for other in self.begun if self.begun[other] <= at < self.ended[other]}


class Theatre(Stage):
    """A stage whose puppets know their time."""

    puppet: Player

    def __init__(self, workers: int = 32) -> None:
        super().__init__(Player(), workers)

    def play(self, api: Api, todo: Json, **options: Any) -> Played:
        """Starts a run of the todo and carries it out to its end."""
        answer = api.post(f"todos/{todo['id']}/run/", options)
        assert answer.status_code == 201, answer.content
        return self.carry_out(api, answer.json()["id"])

    def carry_out(self, api: Api, run: str) -> Played:
        played, since = Played(run), self.clock()
        rows = Subtask.objects.filter(run=int(played.id))
        seconds = dict(rows.values_list("key", "expected_seconds"))
        self.ledger.wake(int(played.id))
        while busy := self.under_way():
            now = (self.clock() - since).total_seconds()
            for key in busy - set(played.begun):
                played.begun[key] = now
            played.shown[now] = api.get(f"runs/{run}/progress/").json()["agents_active"]
            ends = {key: played.begun[key] + seconds[key] for key in busy}
            played.ended |= {key: end for key, end in ends.items() if end == min(ends.values())}
            self.pass_time(min(ends.values()) - now)
            for key in sorted(busy & set(played.ended)):
                self._finish(rows, key, seconds[key])
        played.progress = api.get(f"runs/{played.id}/progress/").json()
        assert played.progress["status"] == "completed", played.progress
        return played

    def under_way(self) -> set[str]:
        """Who is, once all is carried out that was reported: each worker that is not idle is at a puppet then."""
        for _ in range(int(PATIENCE / MOMENT)):
            while not self.ledger._slips.empty():
                self.ledger.turn()
            busy = self.puppet.settled(len(self.seats.workers) - len(self.seats._idle))
            if busy is not None and self.ledger._slips.empty():
                return busy
        raise AssertionError(f"it never settled: {self.puppet.busy}")

    def _finish(self, rows: Any, key: str, seconds: float) -> None:
        self.puppet.finish(key, Outcome({"of": key}, worked_seconds=seconds))
        self.until(lambda: rows.filter(key=key, status="completed").exists())


def decomposed(api: Api, strategy: str, **options: Any) -> Json:
    """A todo that was split so."""
    todo = made(api, content="What the paper does")
    answer = api.post(f"todos/{todo['id']}/decompose/", {"strategy": strategy, "options": options, "preview": False})
    assert answer.status_code == 201, answer.content
    return todo


def planned(api: Api, todo: Json, **wish: Any) -> Json:
    answer = api.post(f"todos/{todo['id']}/plan/", {"improve_seconds": 0, **wish})
    assert answer.status_code == 200, answer.content
    found: Json = answer.json()
    return found
