"""Many agents at a real server: each attempt goes to one of them, whatever they do at the same moment."""

import contextlib
import os
import threading
import time
from collections import Counter
from typing import Any

import pytest

from tests.server.process import Server, until

AGENTS = int(os.environ.get("ABREAST_TEST_AGENTS") or 32)
EACH = 8  # subtasks for each agent, on average


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
        while leases := self._post("leases/", {"agent": name, "wait_seconds": 1, "run": self.run_id})["leases"]:
            for lease in leases:
                self.given.append((lease["attempt"], lease["epoch"], lease["subtask"]["key"]))
                path = f"attempts/{lease['attempt']}/"
                self._post(f"{path}heartbeat/", {"epoch": lease["epoch"], "progress": 0.5})
                self._post(f"{path}complete/", {"epoch": lease["epoch"], "result": {"by": self.number}})
                self._post(f"{path}complete/", {"epoch": lease["epoch"] + 1}, 409)

    def _post(self, path: str, body: Any, expected: int = 200) -> Any:
        status, answer = self.server.ask(path, body, token=self.token)
        self.answers[status] += 1
        assert status == expected, answer
        return answer


@pytest.fixture
def racers(settled: Server) -> list[Racer]:
    settled.start()
    token = settled.manage("create_token", "racers", "--scope", "agent").stdout.strip()
    subtasks = [{"key": f"s{n}", "content": "Race"} for n in range(AGENTS * EACH)]
    run = settled.run({"content": "A race", "subtasks": subtasks}, backend="external", max_agents=AGENTS)
    for number in range(AGENTS):
        status, answer = settled.ask("agents/", {"name": f"impl-{number}"}, token=token)
        assert status == 201, answer
    return [Racer(settled, number, token, run) for number in range(AGENTS)]


def test_no_two_agents_get_the_same_attempt(settled: Server, racers: list[Racer]) -> None:
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.wrong for racer in racers if racer.wrong] == []
    given = [lease for racer in racers for lease in racer.given]
    assert len({attempt for attempt, _, _ in given}) == len(given) == AGENTS * EACH
    assert Counter(key for _, _, key in given) == Counter(f"s{n}" for n in range(AGENTS * EACH))
    run = settled.wait_for(racers[0].run_id, "completed")
    assert run["counts"]["completed"] == AGENTS * EACH
    settled.stop()
    checked = settled.manage("verify")
    assert checked.returncode == 0, checked.stdout


def test_a_server_that_is_killed_leaves_agents_their_work(settled: Server, racers: list[Racer]) -> None:
    [racer, *_] = racers
    [lease] = racer._post("leases/", {"agent": "impl-0", "run": racer.run_id})["leases"]
    settled.kill()
    settled.start()
    path = f"attempts/{lease['attempt']}/"
    assert racer._post(f"{path}heartbeat/", {"epoch": 1})["commands"] == []
    assert racer._post(f"{path}complete/", {"epoch": 1})["status"] == "succeeded"


def test_who_waits_for_work_keeps_no_server_from_stopping(settled: Server, racers: list[Racer]) -> None:
    status, answer = settled.ask(f"runs/{racers[0].run_id}/cancel/", {})
    assert status == 200, answer
    waiting = threading.Thread(target=_wait, args=(settled, racers[0].token), daemon=True)
    waiting.start()
    until(lambda: settled.get("agents/?limit=1")["results"][0]["status"] == "idle" or None, "it is heard of")
    began = time.monotonic()
    assert settled.stop() == 0
    assert time.monotonic() - began < 15
    waiting.join(30)
    assert not waiting.is_alive()


def _wait(server: Server, token: str) -> None:
    with contextlib.suppress(OSError):  # it goes away
        server.ask("leases/", {"agent": "impl-0", "wait_seconds": 30}, token=token)
