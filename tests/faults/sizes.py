"""Faults for which the number matters: how many come back at once, how large a run is, how much one agent shouts.

`make faults` does them in full once the random ones are over, the tests a small part. What is measured is printed;
only what must never be is `wrong`.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import httpx
import psycopg
from websockets.asyncio.client import ClientConnection, connect

from tests import live_server, servers
from tests.faults.asking import PATIENCE
from tests.faults.theatre import Theatre

LOOKS = 300  # at how long an answer takes


@dataclass(frozen=True, slots=True)
class Size:
    sockets: int
    subtasks: int


FULL, SMALL = Size(1_000, 10_000), Size(60, 300)


def measure(theatre: Theatre, size: Size) -> tuple[dict[str, Any], list[str]]:
    """What was measured, and what went wrong."""
    found: dict[str, Any] = {}
    wrong = []
    steps: list[Callable[[], dict[str, Any]]] = [
        lambda: asyncio.run(all_come_back(theatre, size.sockets)),
        lambda: many(theatre.client.call, "celery", size.subtasks),
    ]
    if size is FULL:
        steps += [lambda: dead_worker(theatre), lambda: alone(size)]
    for step in steps:
        try:
            found |= step()
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")
        print(found, flush=True)
    return found, wrong


def alone(size: Size) -> dict[str, Any]:
    """On a server on SQLite."""
    with live_server.running() as server:
        return many(server.call, "embedded", size.subtasks) | shouting(server)


def _simulated(count: int, seconds: float, backend: str) -> dict[str, Any]:
    spec = {"name": "simulate", "seconds": seconds}
    subtasks = [{"key": f"n{at}", "content": "Simulated", "executor": spec, "max_retries": 10} for at in range(count)]
    return {"content": f"{count} at once", "backend": backend, "max_agents": 8, "subtasks": subtasks}


# ---- a worker dies ----


def dead_worker(theatre: Theatre) -> dict[str, Any]:
    """Seconds from kill -9 until all that the worker was at is taken up again. Another is there at once."""
    seats = [name for name in theatre.processes if name.startswith("worker")]
    count = 4 * len(seats)
    run = theatre.client.call("POST", "runs/", _simulated(count, 60, "celery"), "dead-worker")["id"]

    def taken_up() -> int:
        """How often a worker has begun one of them."""
        with psycopg.connect(theatre.postgres.url) as database:
            text = "SELECT count(*) FROM runs_event WHERE run_id = %s AND kind = 'started'"
            return int(database.execute(text, [run]).fetchall()[0][0])

    servers.until(lambda: taken_up() == count, "all are under way", PATIENCE)
    theatre.kill("worker")
    since = time.monotonic()
    servers.until(lambda: taken_up() == count + 4, "the lost are taken up again", PATIENCE)
    took = time.monotonic() - since
    theatre.client.call("POST", f"runs/{run}/cancel/")
    return {"a dead worker's four subtasks under way again after s": round(took, 1)}


# ---- all who watch come back at once ----


async def all_come_back(theatre: Theatre, count: int) -> dict[str, Any]:
    """Sockets on one run that goes on: they are cut off together, and come back at the same moment."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    run = theatre.client.call("POST", "runs/", _simulated(400, 0.3, "celery"), "watched")["id"]
    address = f"{theatre.url.replace('http', 'ws')}/ws/runs/{run}/?format=json&after=0"
    sockets = await asyncio.gather(*(_watch(theatre, address) for _ in range(count)))
    for socket in sockets:
        socket.transport.abort()
    since = time.monotonic()
    back = asyncio.gather(*(_watch(theatre, address) for _ in range(count)))
    answers = await asyncio.to_thread(_answer_times, theatre, run, back.done)
    sockets = await back
    took = time.monotonic() - since
    for socket in sockets:
        socket.transport.abort()
    told = f"all of {count} sockets back after s"
    return {told: round(took, 1), "meanwhile answers took ms (median, p99)": _spread(answers)}


async def _watch(theatre: Theatre, address: str) -> ClientConnection:
    """As a page does: again, a little later each time, until there is a picture."""
    for attempt in range(20):
        with suppress(OSError, TimeoutError, Exception):
            socket = await connect(address, additional_headers=theatre.client.headers, open_timeout=30, max_size=None)
            json.loads(await asyncio.wait_for(socket.recv(), 30))
            return socket
        await asyncio.sleep(0.1 * attempt)
    raise AssertionError("no picture after twenty tries")


def _answer_times(theatre: Theatre, run: str, over: Callable[[], bool]) -> list[float]:
    took: list[float] = []
    while not over() or len(took) < 20:
        since = time.monotonic()
        theatre.client.call("GET", f"runs/{run}/")
        took.append(time.monotonic() - since)
    return took


def _spread(seconds: list[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100)
    return round(1_000 * cuts[49], 1), round(1_000 * cuts[98], 1)


# ---- a run of ten thousand ----


def many(call: Callable[..., Any], backend: str, count: int) -> dict[str, Any]:
    since = time.monotonic()
    run = call("POST", "runs/", _simulated(count, 0, backend))["id"]

    def look() -> Any:
        return call("GET", f"runs/{run}/")

    servers.until(lambda: look()["status"] in ("completed", "failed"), f"{count} end", 10 * PATIENCE)
    counts = look()["counts"]
    assert counts["completed"] == count, counts
    page = call("GET", f"runs/{run}/subtasks/?limit=500")
    assert len(page["results"]) == min(count, 500) and (page["next"] is None) == (count <= 500)
    return {f"{count} subtasks on {backend}, done after s": round(time.monotonic() - since, 1)}


# ---- one agent that shouts ----

SHOUT = """
import http.client, itertools, sys
host, token = sys.argv[1:]
line = http.client.HTTPConnection(host)
for path, body in itertools.cycle([("progress/", b'{"reports": ['), ("leases/", b"\\0"), ("agents/", b'{"name": 1}')]):
    line.request("POST", f"/api/v1/{path}", body, {"Authorization": token, "Content-Type": "application/json"})
    line.getresponse().read()
"""


def shouting(server: live_server.Server) -> dict[str, Any]:
    """How long heartbeats of the others take, alone, beside one that shouts as fast as it is answered, and beside
    clients whose bodies come byte by byte."""
    server.call("POST", "agents/", {"name": "calm"})
    work = {"content": "Calm", "backend": "external", "subtasks": [{"key": "a", "content": "A"}]}
    run = server.call("POST", "runs/", work)["id"]
    (lease,) = server.call("POST", "leases/", {"agent": "calm", "limit": 1, "wait_seconds": 10, "run": run})["leases"]
    quiet = _heartbeats(server, lease)
    host = server.url.removeprefix("http://")
    with ExitStack() as stack:
        for token in ("Bearer abr_a_nobody", f"Bearer {server.token}"):
            shouter = stack.enter_context(subprocess.Popen([sys.executable, "-c", SHOUT, host, token]))
            stack.callback(shouter.kill)
        beside = _heartbeats(server, lease)
    with ThreadPoolExecutor(1) as aside:
        slow = aside.submit(_byte_by_byte, server)
        beside_slow = _heartbeats(server, lease)
        slow.result()
    server.call("POST", f"attempts/{lease['attempt']}/complete/", {"epoch": lease["epoch"]})
    return {
        "heartbeats took ms (median, p99)": quiet,
        "beside two that shout": beside,
        "beside 64 slow bodies": beside_slow,
    }


def _heartbeats(server: live_server.Server, lease: dict[str, Any]) -> tuple[float, float]:
    took: list[float] = []
    headers = {"Authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=60) as client:
        for _ in range(LOOKS):
            since = time.monotonic()
            answer = client.post(f"attempts/{lease['attempt']}/heartbeat/", json={"epoch": lease["epoch"]})
            took.append(time.monotonic() - since)
            assert answer.status_code == 200, answer.text
    return _spread(took)


def _byte_by_byte(server: live_server.Server) -> None:
    """64 clients, each with a byte ten times a second, for two seconds."""
    import socket

    host, port = server.url.removeprefix("http://").split(":")
    head = f"POST /api/v1/todos/ HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {server.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection((host, int(port)))) for _ in range(64)]
        for client in clients:
            client.sendall(head.encode())
        for _ in range(20):
            for client in clients:
                client.sendall(b" ")
            time.sleep(0.1)
