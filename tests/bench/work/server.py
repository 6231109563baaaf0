"""The server as people start it, `manage.py up`, in the home of the program that uses it; and how to ask it."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from django.conf import settings
from django.db import connection

from tests.bench.noise import tree_cpu_seconds
from tests.bench.servers import free_port, process, wait_for_port
from tests.bench.sitting import ROOT

HOST = "127.0.0.1"
SLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Server:
    """`token`: an operator's, if there is one. `begun`: when its process was started, by `time.perf_counter`. `others`:
    that answer at the same address."""

    port: int
    token: str
    begun: float
    process: psutil.Process
    others: Sequence[psutil.Process] = ()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def cpu_seconds(self) -> float:
        return sum(tree_cpu_seconds(one) for one in (self.process, *self.others))

    def memory(self) -> int:
        """Resident bytes of the one process that is server, engine and database."""
        return int(self.process.memory_info().rss)


@contextmanager
def up(**more: str) -> Iterator[Server]:
    """Runs it while the block lasts; with these settings on top of the program's own."""
    port, begun = free_port(), time.perf_counter()
    env = os.environ | {"PORT": str(port)} | more
    command = [sys.executable, "manage.py", "up"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as started:
        try:
            yield Server(port, _token(started), begun, psutil.Process(started.pid))
        finally:
            started.terminate()
            started.communicate(timeout=20)


@contextmanager
def scaled(web: int = 1, **more: str) -> Iterator[Server]:
    """The same on PostgreSQL, as it is started there: `manage.py web`, so many at one address, and `manage.py
    orchestrate`. Without a token: neither makes one."""
    port, begun = free_port(), time.perf_counter()
    env = os.environ | {"PORT": str(port)} | more
    with ExitStack() as stack:
        stack.enter_context(process([sys.executable, "manage.py", "orchestrate"], env=env))
        started = [stack.enter_context(process([sys.executable, "manage.py", "web"], env=env)) for _ in range(web)]
        wait_for_port(port, started[0])
        _wait_for_all(port, web)
        first, *others = (psutil.Process(one.pid) for one in started)
        yield Server(port, "", begun, first, others)


def _wait_for_all(port: int, count: int) -> None:
    """Until new connections are answered at once, again and again: one that listens and does not serve yet is slow."""
    in_a_row = 0
    while in_a_row < 8 * count:
        seconds, _ = Asking(port, {}).ask("/healthz")
        in_a_row = in_a_row + 1 if seconds < SLOW_SECONDS else 0


def serving(web: int = 1, **more: str) -> AbstractContextManager[Server]:
    """As people start it on the database that is set: all in one process on SQLite, else `web` processes and one."""
    return up(**more) if connection.vendor == "sqlite" else scaled(web, **more)


def _token(process: subprocess.Popen[str]) -> str:
    """What it prints when it is as good as up."""
    found = ""
    assert process.stdout
    for line in process.stdout:
        if line.startswith("token: "):
            found = line.split()[1]
        if line.startswith("login: "):
            return found
    raise RuntimeError(f"the server ended with {process.wait()}")


def cookie_of_owner(port: int) -> dict[str, str]:
    """What the browser of the owner sends to the server at that port. Written straight into the database."""
    from django.test import Client

    from runs import tokens

    client = Client()
    client.force_login(tokens.owner())
    return {"Cookie": f"abreast_session_{port}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


class Asking:
    """One client with one connection that it keeps."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)
        self._headers = headers

    def ask(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[float, bytes]:
        """How many seconds the whole answer took, and what it says. Raises AssertionError unless it is a 2xx."""
        headers = self._headers | ({"Content-Type": "application/json"} if body else {})
        begun = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - begun
        assert 200 <= answer.status < 300, (path, answer.status, text[:500])
        return seconds, text


def spread(seconds: list[float]) -> dict[str, Any]:
    """Median, 95th and 99th percentile, in milliseconds."""
    ordered = sorted(seconds)
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: 1_000 * ordered[int(len(ordered) * share)] for name, share in shares.items()}
