"""Clients that keep their connections, all in one thread: each asks again as soon as it is answered."""

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench.work.server import HOST, Server

WARM_SECONDS = 0.4
PATIENCE_SECONDS = 60.0


class Answer(NamedTuple):
    status: int
    body: bytes


# Gives the next request, is given the answer to it, and ends when it has no more to ask.
Caller = Generator[bytes, Answer, None]


@dataclass
class Load:
    """What came of it: how long each answer took, which statuses there were, in how many seconds; and how many answers
    there were in all, for how many seconds of CPU of the server."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    elapsed: float = 0.0
    answers: int = 0
    cpu_seconds: float = 0.0

    def told(self) -> dict[str, float]:
        """Answers a second; how long they took, in milliseconds; how much CPU each took, in microseconds."""
        ordered = sorted(self.seconds)
        median, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        cpu = 1_000_000 * self.cpu_seconds / self.answers
        return {"per_second": len(ordered) / self.elapsed, "median": 1_000 * median, "p99": 1_000 * p99, "cpu": cpu}


@dataclass
class _Line:
    """One client's connection, and since when it waits for its answer."""

    caller: Caller
    socket: socket.socket
    since: float = 0.0
    came: bytes = b""

    def ask(self, request: bytes) -> None:
        self.since, self.came = time.perf_counter(), b""
        self.socket.sendall(request)

    def hear(self) -> Answer | None:
        """The whole answer, as soon as it is there."""
        more = self.socket.recv(262_144)
        assert more, f"the server closed the connection after {self.came[:500]!r}"
        self.came += more
        head, blank, body = self.came.partition(b"\r\n\r\n")
        if not blank:
            return None
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        return Answer(int(head[9:12]), body) if len(body) >= int(length) else None


def post(path: str, body: Any, token: str) -> bytes:
    """A request as it goes over the wire."""
    text = json.dumps(body, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def drive(server: Server, callers: Sequence[Caller], seconds: float = 2.0, warm: float = WARM_SECONDS) -> Load:
    """Lets them ask for so long; what is answered before `warm` seconds are over does not count."""
    port, load, cpu = server.port, Load(), server.cpu_seconds()
    host = f"{HOST}:{port}".encode()
    with selectors.DefaultSelector() as selector:
        lines = [_Line(caller, socket.create_connection((HOST, port), PATIENCE_SECONDS)) for caller in callers]
        for line in lines:
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask(next(line.caller).replace(b"{host}", host, 1))
        begun = time.perf_counter()
        counted, over = begun + warm, begun + warm + seconds
        while selector.get_map():
            ready = selector.select(PATIENCE_SECONDS)
            assert ready, f"nobody was answered for {PATIENCE_SECONDS} s"
            for key, _ in ready:
                _turn(key.data, selector, load, host, counted, over)
        load.elapsed = min(time.perf_counter(), over) - counted
        load.cpu_seconds = server.cpu_seconds() - cpu
    return load


def _turn(line: _Line, selector: Any, load: Load, host: bytes, counted: float, over: float) -> None:
    answer = line.hear()
    if answer is None:
        return
    now = time.perf_counter()
    load.answers += 1
    if counted <= now < over:
        load.seconds.append(now - line.since)
        load.statuses[answer.status] += 1
    try:
        request = line.caller.send(answer)
    except StopIteration:
        request = b""
    if request and now < over:
        line.ask(request.replace(b"{host}", host, 1))
    else:
        selector.unregister(line.socket)
        line.socket.close()
