"""Readers that take nothing, on the real servers: they cost little memory, are let go, and nobody else notices."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from dashboard.sockets.consumers import FAULT, GOING_AWAY, TRY_LATER, UNAUTHENTICATED

ROOT = Path(__file__).parents[3]
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PATIENCE = 20.0  # seconds
MIB = 2**20
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes


@pytest.fixture(params=["daphne", "uvicorn"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of a spout (tests/dashboard/sockets/spout.py) on each of the servers."""
    command = [sys.executable, "-m", "tests.dashboard.sockets.spout", request.param]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.terminate()
        server.communicate(timeout=PATIENCE)


def told(port: int) -> dict[str, Any]:
    with urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        return json.load(answer)


def deaf(port: int, path: str) -> socket.socket:
    """A client that opens a socket and takes nothing from it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(HANDSHAKE.format(path=path).encode())
    return client


def test_who_takes_nothing_costs_little_memory_and_is_let_go_while_others_go_on(port: int) -> None:
    before = told(port)["peak"]
    with closing(deaf(port, "/ws/flood/")), connect(f"ws://127.0.0.1:{port}/ws/drip/") as reader:
        until = time.monotonic() + 3 * PATIENCE
        while "/ws/flood/" not in (now := told(port))["sent"]:
            assert time.monotonic() < until
            reader.recv(timeout=PATIENCE)
        while "/ws/flood/" in (now := told(port))["open"]:
            assert time.monotonic() < until
            reader.recv(timeout=PATIENCE)
        for _ in range(20):
            reader.recv(timeout=PATIENCE)
        assert now["open"] == ["/ws/drip/"]
    # What was sent and not read lies with the system, up to its own bounds, and not with us.
    assert now["sent"]["/ws/flood/"] * 65_536 < 32 * MIB
    assert (now["peak"] - before) * PEAK_UNIT < 8 * MIB


@pytest.mark.parametrize("code", [UNAUTHENTICATED, TRY_LATER, FAULT, GOING_AWAY])
def test_every_code_that_closes_a_socket_reaches_its_reader(port: int, code: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/ws/bye/{code}/") as reader, pytest.raises(ConnectionClosed) as closed:
        reader.recv(timeout=PATIENCE)
    assert closed.value.rcvd and closed.value.rcvd.code == code
