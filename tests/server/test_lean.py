"""What goes the short way is answered as Django would answer it."""

import http.client
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.server.process import Server

CHANGING = {"date", "server", "allow", "vary"}  # not of the application; what only Django's view says of itself


@dataclass(frozen=True)
class Said:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def went_the_short_way(self) -> bool:
        return "allow" not in self.headers

    @property
    def compared(self) -> tuple[int, dict[str, str], Any]:
        headers = {name: text for name, text in self.headers.items() if name not in CHANGING}
        body = {**self.body, "lease_expires_at": None} if "lease_expires_at" in self.body else self.body
        return self.status, headers, body


@dataclass
class Caller:
    """One connection for all it asks."""

    server: Server
    connection: http.client.HTTPConnection
    token: str
    run: str
    idle_run: str

    def ask(self, path: str, body: Any, **headers: str) -> Said:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        self.connection.request("POST", f"/api/v1/{path}", content, sent)
        answer = self.connection.getresponse()
        found = {name.lower(): text for name, text in answer.getheaders()}
        return Said(answer.status, found, json.loads(answer.read()))

    def lease(self) -> dict[str, Any]:
        """A new one: an old one runs out, however long the other tests take."""
        [found] = self.ask("leases/", {"agent": "impl", "run": self.run, "wait_seconds": 20}).body["leases"]
        assert isinstance(found, dict)
        return found

    def both_ways(self, path: str, body: Any, **headers: str) -> tuple[Said, Said]:
        """Plain, and with a cookie, which is left to Django."""
        return self.ask(path, body, **headers), self.ask(path, body, Cookie="a=b", **headers)


@pytest.fixture(scope="module")
def caller(used_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    home = tmp_path_factory.mktemp("lean") / "home"
    shutil.copytree(used_home, home)
    server = Server(home, home.parent).start()
    try:
        token = server.manage("create_token", "lean", "--scope", "agent").stdout.strip()
        subtasks = [{"key": f"s{number}", "content": "Do it"} for number in range(100)]
        run = server.run({"content": "Lean", "subtasks": subtasks}, backend="external", max_agents=100)
        idle = server.run({"content": "Idle"}, backend="external")
        server.ask(f"runs/{idle}/cancel/", {})
        server.ask("agents/", {"name": "impl"}, token=token)
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        yield Caller(server, connection, token, run, idle)
        connection.close()
    finally:
        server.clear()


CASES: list[tuple[str, Any, int]] = [
    ("attempts/{attempt}/heartbeat/", {"epoch": 1, "progress": 0.5, "message": "on it"}, 200),
    ("attempts/{attempt}/heartbeat/", {"epoch": 1, "usage": {"cost": 0}, "ack": ["7"]}, 200),
    ("attempts/{attempt}/heartbeat/", {"epoch": 2}, 409),
    ("attempts/{attempt}/heartbeat/", {"epoch": 0}, 422),
    ("attempts/{attempt}/heartbeat/", {"epoch": 1, "speed": 2}, 422),
    ("attempts/{attempt}/heartbeat/", b"{", 400),
    ("attempts/{attempt}/heartbeat/", b"", 422),
    ("attempts/{attempt}/heartbeat/", b'{"epoch": 1, "epoch": 1}', 400),
    ("attempts/{attempt}/complete/", {"epoch": 2, "result": 1}, 409),
    ("attempts/999999/heartbeat/", {"epoch": 1}, 404),
    ("attempts/9999999999999999999/heartbeat/", {"epoch": 1}, 404),
    ("attempts/0/heartbeat/", {"epoch": 1}, 404),
    ("leases/", {"agent": "nobody"}, 422),
    ("leases/", {"agent": "impl", "run": "999999"}, 422),
    ("leases/", {"agent": "impl", "limit": 0}, 422),
    ("progress/", {"reports": []}, 200),
    ("progress/", {"reports": [{"attempt": "{attempt}", "epoch": 1}, {"attempt": "999999", "epoch": 1}]}, 200),
    ("progress/", {"reports": [{"attempt": "{attempt}", "epoch": 9}]}, 200),
    ("progress/", {"reports": [{"attempt": "{attempt}", "epoch": 1, "error": "x"}]}, 200),
    ("progress/", {"reports": [{"attempt": 1, "epoch": 1}]}, 422),
]


@pytest.mark.parametrize(("path", "body", "status"), CASES)
def test_both_ways_answer_alike(caller: Caller, path: str, body: Any, status: int) -> None:
    number = caller.lease()["attempt"]
    if isinstance(body, dict):
        body = json.loads(json.dumps(body).replace("{attempt}", number))
    plain, by_django = caller.both_ways(path.replace("{attempt}", number), body)
    assert plain.compared == by_django.compared
    assert plain.status == status
    assert not by_django.went_the_short_way or by_django.status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer abr_a_" + "x" * 43}, 401),
        ({"Authorization": "Basic eDp5"}, 401),
        ({"Content-Type": "text/plain"}, 415),
        ({"Accept": "text/html"}, 406),
        ({"Idempotency-Key": "k"}, 200),
    ],
)
def test_what_is_not_plain_is_left_to_django(caller: Caller, headers: dict[str, str], status: int) -> None:
    said = caller.ask(f"attempts/{caller.lease()['attempt']}/heartbeat/", {"epoch": 1}, **headers)
    assert (said.status, said.went_the_short_way) == (status, False)


def test_a_large_body_is_read_where_nobody_waits_for_it(caller: Caller) -> None:
    body = {"epoch": 9, "result": "x" * 65_536}
    said = caller.ask(f"attempts/{caller.lease()['attempt']}/complete/", body)
    assert (said.status, said.went_the_short_way) == (409, False)


def test_another_scope_is_refused(caller: Caller) -> None:
    viewer = caller.server.manage("create_token", "viewer", "--scope", "viewer").stdout.strip()
    path = f"attempts/{caller.lease()['attempt']}/heartbeat/"
    assert caller.ask(path, {"epoch": 1}, Authorization=f"Bearer {viewer}").status == 403


def test_work_is_leased_and_done_the_short_way(caller: Caller) -> None:
    caller.lease()  # by now the run is under way
    leased = caller.ask("leases/", {"agent": "impl", "run": caller.run})
    [lease] = leased.body["leases"]
    done = caller.ask(f"attempts/{lease['attempt']}/complete/", {"epoch": lease["epoch"], "result": 1, "output": "hm"})
    assert leased.went_the_short_way and done.went_the_short_way
    assert done.body == {"attempt": lease["attempt"], "epoch": lease["epoch"], "status": "succeeded"}
    found = caller.server.get(f"runs/{lease['run']}/subtasks/{lease['subtask']['key']}/")
    assert (found["result"], found["attempts"][0]["output_bytes"]) == (1, 2)


def test_who_waits_is_left_to_django(caller: Caller) -> None:
    waited = caller.ask("leases/", {"agent": "impl", "run": caller.idle_run, "wait_seconds": 0.1})
    at_once = caller.ask("leases/", {"agent": "impl", "run": caller.idle_run})
    assert waited.body == at_once.body == {"leases": []}
    assert (waited.went_the_short_way, at_once.went_the_short_way) == (False, True)
