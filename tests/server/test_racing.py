"""Many agents at a real server: each attempt goes to one of them, whatever they do at the same moment."""

import contextlib
import threading
import time

import pytest

from tests.server.process import Server, until
from tests.server.racing import Racer, enter, race


@pytest.fixture
def racer(settled: Server) -> Racer:
    [one] = enter(settled.start(), 1)
    return one


def test_no_two_agents_get_the_same_attempt(settled: Server) -> None:
    race(enter(settled.start()))
    settled.stop()
    checked = settled.manage("verify")
    assert checked.returncode == 0, checked.stdout


def test_a_server_that_is_killed_leaves_agents_their_work(settled: Server, racer: Racer) -> None:
    [lease] = racer._post("leases/", {"agent": "impl-0", "run": racer.run_id})["leases"]
    settled.kill()
    settled.start()
    path = f"attempts/{lease['attempt']}/"
    assert racer._post(f"{path}heartbeat/", {"epoch": 1})["commands"] == []
    assert racer._post(f"{path}complete/", {"epoch": 1})["status"] == "succeeded"


def test_who_waits_for_work_keeps_no_server_from_stopping(settled: Server, racer: Racer) -> None:
    status, answer = settled.ask(f"runs/{racer.run_id}/cancel/", {})
    assert status == 200, answer
    waiting = threading.Thread(target=_wait, args=(settled, racer.token), daemon=True)
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
