"""What goes wrong around a server: it stands still, its database is locked, clients say things twice, late, in bits."""

import json
import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import connect

from tests import servers
from tests.conformance import LEASE_SECONDS
from tests.conformance.places import PATIENCE, Place

pytestmark = pytest.mark.services

STANDSTILL = LEASE_SECONDS + 1  # also longer than a gap that is taken for none
WATCHERS = 60
LOCKED = LEASE_SECONDS + 1.5  # also longer than writers wait


@dataclass
class Field:
    """A run of an agent from outside, and what it has leased."""

    place: Place
    run: str
    leases: list[dict[str, Any]]

    def post(self, lease: dict[str, Any], verb: str, **more: Any) -> httpx.Response:
        body = {"epoch": lease["epoch"], **more}
        return self.place.client.post(f"attempts/{lease['attempt']}/{verb}/", json=body)

    def finish(self) -> None:
        """Completes what has not ended; then the run is completed, each subtask once."""
        for lease in self.leases:
            self.post(lease, "complete")
        path = f"runs/{self.run}/"
        servers.until(lambda: self.place.call("GET", path)["status"] == "completed", "the run ends", PATIENCE)
        ended = [event["subtask"] for event in self.events() if event["kind"] == "completed"]
        assert sorted(ended) == sorted(lease["subtask"]["key"] for lease in self.leases)

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.place.call("GET", f"runs/{self.run}/events/?limit=1000")["results"]
        return found

    def statuses(self) -> list[str]:
        rows = self.place.call("GET", f"runs/{self.run}/subtasks/?limit=500")["results"]
        return [row["status"] for row in rows]


def field(place: Place, count: int, **more: Any) -> Field:
    subtasks = [{"key": f"s{n}", "content": "Work", "max_retries": 0} | more for n in range(count)]
    body = {"content": "Outside", "backend": "external", "max_agents": count, "strategy": "parallel"}
    run = place.call("POST", "runs/", body | {"subtasks": subtasks})["id"]
    wanted = {"agent": "outside", "limit": count, "wait_seconds": 10, "run": run}
    found: list[dict[str, Any]] = []
    while len(found) < count:
        found += place.call("POST", "leases/", wanted)["leases"]
    return Field(place, run, found)


@contextmanager
def beating(work: Field, every: float = 0.5) -> Iterator[set[int]]:
    """Meanwhile its agent does not fall silent, however busy the machine is. Gives the statuses it is answered with."""
    over, told = threading.Event(), set[int]()

    def beat() -> None:
        while not over.wait(every):
            for lease in work.leases:
                told.add(work.post(lease, "heartbeat").status_code)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join()


def raw(place: Place, path: str, length: int) -> socket.socket:
    """The head of a request that announces so long a body."""
    client = socket.create_connection(("127.0.0.1", int(place.environment["PORT"])))
    host = f"127.0.0.1:{place.environment['PORT']}"
    head = f"POST /api/v1/{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {place.token}\r\n"
    client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode())
    return client


# ---- F5, F13: the server, or its database, stands still ----


def test_nobody_is_lost_for_a_time_in_which_the_server_stood_still(place: Place) -> None:
    work = field(place, 3)
    place.processes["server"].send_signal(signal.SIGSTOP)
    over = time.monotonic() + STANDSTILL
    servers.until(lambda: time.monotonic() > over, "it has stood still for long enough")
    place.processes["server"].send_signal(signal.SIGCONT)
    assert [work.post(lease, "heartbeat").status_code for lease in work.leases] == [200] * 3
    servers.until(lambda: "clock_step" in [event["kind"] for event in work.events()], "it is written down")
    work.finish()


def test_a_locked_database_is_503_after_a_while_and_costs_no_agent(place: Place) -> None:
    work = field(place, 2)
    with closing(sqlite3.connect(place.home / "abreast.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        until = time.monotonic() + LOCKED
        with ThreadPoolExecutor(3) as aside:
            writing = aside.submit(place.client.post, "todos/", json={"content": "Later"})
            beating = [aside.submit(keeps_beating, work, lease, until) for lease in work.leases]
            while time.monotonic() < until:
                assert place.client.get(f"runs/{work.run}/").status_code == 200, "what only reads goes on"
            other.execute("ROLLBACK")
            told = set().union(*(one.result() for one in beating))
    assert (writing.result().status_code, writing.result().headers["Retry-After"].isdigit()) == (503, True)
    assert told <= {200, 503}
    work.finish()


def keeps_beating(work: Field, lease: dict[str, Any], until: float) -> set[int]:
    """As a good agent does: again, until it is heard."""
    told: list[int] = []
    while time.monotonic() < until or told[-1] == 503:
        told.append(work.post(lease, "heartbeat").status_code)
    return set(told)


# ---- F9: twice, in another order, late, from another time ----


def test_what_is_sent_twice_and_in_any_order_has_one_effect(place: Place) -> None:
    work = field(place, 20)
    posts = [
        (lease, verb, more, uuid4().hex)
        for lease in work.leases
        for verb, more in (("heartbeat", {"progress": 0.3}), ("heartbeat", {"progress": 0.6}), ("complete", {}))
    ] * 2
    random.Random(9).shuffle(posts)

    def send(post: tuple[dict[str, Any], str, dict[str, Any], str]) -> tuple[str, str, int]:
        lease, verb, more, key = post
        path, body = f"attempts/{lease['attempt']}/{verb}/", {"epoch": lease["epoch"]} | more
        answer = place.client.post(path, json=body, headers={"Idempotency-Key": key})
        return key, verb, answer.status_code

    with beating(work), ThreadPoolExecutor(4) as threads:
        told = list(threads.map(send, posts))
    by_key: dict[str, set[int]] = {}
    for key, _, status in told:
        by_key.setdefault(key, set()).add(status)
    assert all(len(statuses) == 1 for statuses in by_key.values()), "the same request, the same answer"
    assert {status for _, verb, status in told if verb == "complete"} == {200}
    assert {status for _, verb, status in told if verb == "heartbeat"} <= {200, 409}
    work.finish()


def test_times_of_clients_are_shown_and_change_nothing(place: Place) -> None:
    body = {"content": "Times", "backend": "tracked", "subtasks": [{"key": "a", "content": "A"}]}
    run = place.call("POST", "runs/", body)["id"]

    def say(at: str, status: str = "in_progress") -> tuple[int, Any]:
        return place.ask("POST", f"runs/{run}/reports/", {"reports": [{"key": "a", "status": status, "at": at}]})

    assert [say(at)[0] for at in ("2026-06-30T23:59:60Z", "soon", "10000-01-01T00:00:00Z")] == [422] * 3
    for at, outcome in (("0001-01-01T00:00:00Z", "accepted"), ("9999-12-31T23:59:59Z", "accepted")):
        status, answer = say(at)
        assert (status, answer["results"][0]["outcome"]) == (200, outcome)
    (late,) = say("2026-01-01T00:00:00Z", "completed")[1]["results"]
    assert late["outcome"] == "ignored", "older than the same agent's last word"
    started = place.call("GET", f"runs/{run}/subtasks/a/")["started_at"]
    assert started[:2] == "20"
    assert say("9999-12-31T23:59:59Z", "completed")[1]["results"][0]["outcome"] == "accepted"


# ---- F11: bodies that come in bits, or never ----


def test_a_client_that_is_gone_in_the_middle_of_a_batch_has_said_nothing(place: Place) -> None:
    work = field(place, 5)
    reports = ",".join(f'{{"attempt": "{one["attempt"]}", "epoch": 1, "outcome": "complete"}}' for one in work.leases)
    batch = f'{{"reports": [{reports}]}}'.encode()
    for cut in (0, 1, len(batch) // 2, len(batch) - 1):
        with closing(raw(place, "progress/", len(batch))) as client:
            client.sendall(batch[:cut])
    assert work.post(work.leases[0], "heartbeat").status_code == 200
    assert set(work.statuses()) == {"in_progress"}
    with closing(raw(place, "progress/", len(batch))) as client:
        client.sendall(batch)
        assert b" 200 " in client.recv(100)
    work.finish()


def test_bodies_that_come_byte_by_byte_hold_up_nobody(place: Place) -> None:
    with ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(closing(raw(place, "todos/", 1_000))).sendall(b"{")
        work = field(place, 2)
        assert [work.post(lease, "heartbeat").status_code for lease in work.leases] == [200, 200]
        work.finish()


# ---- F20: all come back at once ----


def test_all_who_watch_may_come_back_at_the_same_moment(place: Place) -> None:
    work = field(place, 1)
    work.finish()
    url = f"{place.url.replace('http', 'ws')}/ws/runs/{work.run}/?format=json&after=0"
    headers = {"Authorization": f"Bearer {place.token}"}

    def watch(stack: ExitStack) -> str:
        reader = stack.enter_context(connect(url, additional_headers=headers, open_timeout=PATIENCE, close_timeout=1))
        return str(json.loads(reader.recv(timeout=PATIENCE))["type"])

    for _ in range(2):
        with ExitStack() as stack, ThreadPoolExecutor(WATCHERS) as threads:
            watching = [threads.submit(watch, stack) for _ in range(WATCHERS)]
            assert place.client.get(f"runs/{work.run}/").status_code == 200
            assert {one.result(2 * PATIENCE) for one in watching} == {"snapshot"}


# ---- F23: one agent that does everything wrong ----


def test_one_agent_that_misbehaves_hurts_nobody_else(place: Place) -> None:
    work = field(place, 10)
    over = threading.Event()
    told: Counter[int] = Counter()
    headers = {"Authorization": "Bearer abr_a_nobody", "Content-Type": "application/json"}
    tricks: list[dict[str, Any]] = [
        {"url": "progress/", "content": b'{"reports": [' * 50},
        {"url": "leases/", "content": b"\0\xff"},
        {"url": f"attempts/{work.leases[0]['attempt']}/complete/", "json": {"epoch": 99}},
        {"url": "attempts/999999/complete/", "json": {"epoch": 1}},
        {"url": "progress/", "content": b"{}", "headers": headers},
        {"url": "agents/", "json": {"name": "x" * 10_000}},
    ]

    def misbehave() -> None:
        with httpx.Client(base_url=place.client.base_url, headers=place.client.headers, timeout=PATIENCE) as client:
            while not over.is_set():
                for trick in tricks:
                    told[client.post(**trick).status_code] += 1

    bad = threading.Thread(target=misbehave)
    bad.start()
    try:
        with beating(work, 0.02) as heard:
            servers.until(lambda: told.total() > 60, "it has misbehaved", PATIENCE)
        assert heard == {200}
        work.finish()
    finally:
        over.set()
        bad.join()
    assert told
    assert set(told) <= {400, 401, 404, 409, 415, 422}
