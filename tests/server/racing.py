"""Agents that take work as fast as they can, at a real server: none of it may be given twice."""

import os
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.server.process import Server

AGENTS = int(os.environ.get("ABREAST_TEST_AGENTS") or 16)
EACH = 4  # subtasks for each agent, on average


class Racer(threading.Thread):
    """An agent that takes work as fast as it can, twice over: what it was given, what it was answered."""

    def __init__(self, server: Server, number: int, token: str, run: str) -> None:
        super().__init__(daemon=True)
        self.server, self.run_id, self.number, self.token = server, run, number, token
        self.given: list[tuple[str, int, str]] = []
        self.answers: Counter[int] = Counter()
        self.wrong: list[Any] = []

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self.wrong.append(error)

    def _work(self) -> None:
        name = f"impl-{self.number}"
        asked = {"agent": name, "wait_seconds": 1, "run": self.run_id}
        while (leases := self._post("leases/", asked)["leases"]) or not self._is_over():
            for lease in leases:
                self.given.append((lease["attempt"], lease["epoch"], lease["subtask"]["key"]))
                path = f"attempts/{lease['attempt']}/"
                self._post(f"{path}heartbeat/", {"epoch": lease["epoch"], "progress": 0.5})
                self._post(f"{path}complete/", {"epoch": lease["epoch"], "result": {"by": self.number}})
                self._post(f"{path}complete/", {"epoch": lease["epoch"] + 1}, 409)

    def _is_over(self) -> bool:
        """Whoever was given nothing may only have come too soon."""
        return bool(self.server.get(f"runs/{self.run_id}/")["finished_at"])

    def _post(self, path: str, body: Any, expected: int = 200) -> Any:
        status, answer = self.server.ask(path, body, token=self.token)
        self.answers[status] += 1
        assert status == expected, answer
        return answer


def enter(server: Server, count: int = AGENTS) -> list[Racer]:
    """A run, and so many agents who have not begun with it yet."""
    token = server.manage("create_token", "racers", "--scope", "agent").stdout.strip()
    subtasks = [{"key": f"s{n}", "content": "Race"} for n in range(count * EACH)]
    run = server.run({"content": "A race", "subtasks": subtasks}, backend="external", max_agents=count)
    for number in range(count):
        status, answer = server.ask("agents/", {"name": f"impl-{number}"}, token=token)
        assert status == 201, answer
    return [Racer(server, number, token, run) for number in range(count)]


def race(racers: Sequence[Racer]) -> None:
    """Lets them all begin; asserts that each subtask was done once, by one of them."""
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.wrong for racer in racers if racer.wrong] == []
    given = [lease for racer in racers for lease in racer.given]
    assert len({attempt for attempt, _, _ in given}) == len(given) == AGENTS * EACH
    assert Counter(key for _, _, key in given) == Counter(f"s{n}" for n in range(AGENTS * EACH))
    run = racers[0].server.wait_for(racers[0].run_id, "completed")
    assert run["counts"]["completed"] == AGENTS * EACH
