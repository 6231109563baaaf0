"""SIGINT and SIGTERM: at any time, with work under way and with callers that wait."""

import contextlib
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from tests.server.process import PATIENCE, Server, below, gone, until

SERVERS = ["daphne", "uvicorn"]
FEW_SECONDS = 9.0  # less than any caller here would wait, and no server waits so long for what it ends
STUBBORN = "trap '' TERM INT HUP; setsid sleep 300 & sleep 300"
BUSY = {
    "content": "Keep busy",
    "subtasks": [
        {"key": "sleep", "content": "Sleep", "executor": {"name": "simulate", "seconds": 300}},
        {"key": "stubborn", "content": "Never end", "executor": {"name": "shell", "command": STUBBORN}},
        {
            "key": "list",
            "content": "List modules",
            "executor": {"name": "python", "call": "explore.list", "arguments": {}},
        },
    ],
}


def busy(server: Server) -> str:
    """A run with two attempts under way, in a thread and in processes, and a child that waits for more."""
    run = server.run(BUSY)
    expected = {"sleep": "in_progress", "stubborn": "in_progress", "list": "completed"}
    until(lambda: server.statuses(run) == expected, "all are under way")
    return run


SIGNALS = [
    (signal.SIGINT, "daphne"),
    (signal.SIGTERM, "daphne"),
    (signal.SIGINT, "uvicorn"),
    (signal.SIGHUP, "uvicorn"),
]


def test_a_signal_hands_back_what_is_under_way(settled: Server) -> None:
    """Whatever signal, whatever server; each time another start goes on with it."""
    settled.start(SERVER=SIGNALS[0][1])
    run = busy(settled)
    for times, (number, name) in enumerate(SIGNALS, 1):
        since = time.monotonic()
        assert (settled.stop(number), settled.lines[-1]) == (0, "stopped"), (number, name)
        assert time.monotonic() - since < FEW_SECONDS, (number, name)
        assert settled.leftovers() == set(), (number, name)
        assert "Traceback" not in settled.printed
        settled.start(SERVER=SIGNALS[times % len(SIGNALS)][1])
        goes_on = {"stubborn": ["cancelled"] * times + ["running"], "sleep": ["cancelled"] * times + ["running"]}
        until(partial(has_attempts, settled, run, goes_on), f"it goes on after {number} to {name}")
    kinds = [event["kind"] for event in settled.events(run)]
    assert kinds.count("released") == 2 * len(SIGNALS)
    assert not {"lost", "failed"} & set(kinds)
    assert settled.manage("verify").returncode == 0


def has_attempts(server: Server, run: str, wanted: dict[str, list[str]]) -> bool:
    return {key: server.attempts(run, key) for key in wanted} == wanted


@contextlib.contextmanager
def asking(server: Server, line: str, body: object = None, count: int = 1) -> Iterator[None]:
    """Callers who have asked for this, and listen."""
    address, data = urlsplit(server.url), json.dumps(body).encode()
    request = f"{line} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {server.token}\r\n"
    request += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            caller = stack.enter_context(socket.create_connection((address.hostname, address.port), PATIENCE))
            caller.sendall(request.encode() + data)
        server.get("runs/?limit=1")  # who came before is being answered once this is
        yield


def long_polls(server: Server, run: str) -> contextlib.AbstractContextManager[None]:
    """Callers who have asked to be told of the next change, within half a minute."""
    return asking(server, f"GET /api/v1/runs/{run}/progress/?after=1000000&wait=30", count=3)


@pytest.mark.parametrize("name", SERVERS)
def test_callers_that_wait_do_not_hold_up_the_end(settled: Server, name: str) -> None:
    settled.start(SERVER=name)
    run = busy(settled)
    address = urlsplit(settled.url)
    watching = f"ws://{address.netloc}/ws/runs/{run}/?format=json&after=0"
    idle = socket.create_connection((address.hostname, address.port), PATIENCE)
    rights = {"Authorization": f"Bearer {settled.token}"}
    with idle, long_polls(settled, run), connect(watching, additional_headers=rights) as watcher:
        assert "snapshot" in watcher.recv(PATIENCE)
        since = time.monotonic()
        assert (settled.stop(), settled.lines[-1]) == (0, "stopped")
        assert time.monotonic() - since < FEW_SECONDS
    assert "Traceback" not in settled.printed


def plan_to_improve(server: Server) -> str:
    """A todo whose plan is never known to be the best: the number of it."""
    spec = [{"key": f"s{at}", "content": "x", "estimated_seconds": 1 + at % 7} for at in range(300)]
    needs = [one | {"depends_on": [f"s{at // 2}"] if at else []} for at, one in enumerate(spec)]
    status, todo = server.ask("todos/", {"content": "Plan", "subtasks": needs})
    assert status == 201, todo
    return str(todo["id"])


@pytest.mark.parametrize("name", SERVERS)
def test_a_plan_that_is_being_improved_does_not_hold_up_the_end(settled: Server, name: str) -> None:
    settled.start(SERVER=name)
    path = f"/api/v1/todos/{plan_to_improve(settled)}/plan/"
    with asking(settled, f"POST {path}", {"improve_seconds": 10, "max_agents": 7}):
        (planner,) = until(lambda: below(settled.running.pid), "it is being planned")
        since = time.monotonic()
        assert (settled.stop(), settled.lines[-1]) == (0, "stopped")
        assert time.monotonic() - since < FEW_SECONDS
        assert gone(planner, FEW_SECONDS - (time.monotonic() - since))
    assert "Traceback" not in settled.printed


def refuses(server: Server) -> bool:
    address = urlsplit(server.url)
    try:
        socket.create_connection((address.hostname, address.port), PATIENCE).close()
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("name", SERVERS)
def test_a_second_signal_ends_it_at_once(settled: Server, name: str) -> None:
    settled.start(SERVER=name)
    run = busy(settled)
    settled.send(signal.SIGTERM)
    until(lambda: refuses(settled), "it serves no more")
    settled.send(signal.SIGINT)
    assert settled.ended(FEW_SECONDS) in (128 + signal.SIGINT, 0)  # by then it may have ended by itself
    assert settled.leftovers() == set()
    assert "Traceback" not in settled.printed
    settled.start(SERVER=name)
    until(lambda: settled.attempts(run, "stubborn")[-1] == "running", "it goes on")
    assert settled.manage("verify").returncode == 0


# ---- while it starts ----


def imports(server: Server) -> bool:
    return "lib-dynload" in Path(f"/proc/{server.running.pid}/maps").read_text()


def has_its_home(server: Server) -> bool:
    for handle in Path(f"/proc/{server.running.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has been closed meanwhile
            if handle.readlink() == server.home / "server.lock":
                return True
    return False


def has_its_database(server: Server) -> bool:
    return has_its_home(server) and (server.home / "abreast.sqlite3").exists()


def collects_its_files(server: Server) -> bool:
    return has_its_home(server) and (server.home / "static").exists()


def has_its_files(server: Server) -> bool:
    return has_its_home(server) and (server.home / "static" / "staticfiles.json").exists()


def says_its_token(server: Server) -> bool:
    return any(line.startswith("token:") for line in server.lines)


Moments = list[tuple[Callable[[Server], bool], int]]
ASKED: Moments = [
    (imports, signal.SIGINT),
    (has_its_home, signal.SIGINT),
    (has_its_database, signal.SIGINT),
    (has_its_files, signal.SIGTERM),
    (says_its_token, signal.SIGTERM),
]
KILLED: Moments = [
    (moment, signal.SIGKILL) for moment in (has_its_database, collects_its_files, has_its_files, says_its_token)
]


@pytest.mark.parametrize("moments", [ASKED, KILLED], ids=["asked to end", "killed"])
def test_a_first_start_that_is_broken_off_again_and_again_is_made_up_for(server: Server, moments: Moments) -> None:
    for moment, number in moments:
        server.begin(DEMO="1")
        until(partial(moment, server), f"the moment has come: {moment.__name__}")
        code = server.stop(number)
        assert code == -signal.SIGKILL if number == signal.SIGKILL else code == 0 or (code, moment) == (130, imports)
        assert "Traceback" not in server.printed, moment.__name__
        assert server.leftovers() == set(), moment.__name__
    server.start(DEMO="1")
    (run,) = server.get("runs/")["results"]
    assert server.wait_for(run["id"], "completed", "failed")["status"] == "completed"
    assert len(server.get("todos/?root=true")["results"]) == 1
    assert server.manage("verify").returncode == 0


def test_a_service_that_is_not_to_hear_of_its_terminal_does_not(settled: Server) -> None:
    """As `nohup` starts it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        settled.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    settled.send(signal.SIGHUP)
    assert settled.ask("runs/")[0] == 200
    assert settled.stop() == 0
