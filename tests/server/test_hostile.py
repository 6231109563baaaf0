"""Work that does all it can to spoil a run: each fails by itself, clearly, and the server goes on as if nothing was."""

import secrets
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from runs.executors import sandbox
from tests.server.process import PATIENCE, Server, until

MARK = f"98{secrets.randbelow(10**6):06}"  # so many seconds sleep those that must not be found later
DEAF = f"trap '' TERM INT HUP; sleep {MARK}"
TOO_LONG = "ran over its 3 s"

# What is tried, and how it ends: with the beginning of an error, or well.
COMMANDS: dict[str, tuple[str, str | None]] = {
    "absent": ("no-such-command --at-all", "exit code 127 (there is no such command)"),
    "folder": ("/usr", "exit code 126 (cannot be executed)"),
    "flood": ("head -c 1000000000 /dev/zero", "printed more than 5 MiB"),
    "endless": (f"yes & yes >&2 & setsid yes & sleep {MARK}", "printed more than 5 MiB"),
    "bytes": (r"head -c 100000 /dev/urandom; printf 'a\0b\377\376\033[31m'", None),
    "bytes-fail": (r"printf 'a\0b\377\376' >&2; exit 3", "exit code 3: a"),
    "bomb": (f"f() {{ f | f & }}; f; sleep {MARK}", TOO_LONG),
    "daemon": (f'(setsid sleep {MARK} &); (setsid sh -c "{DEAF}" &); exit 4', "exit code 4"),
    "daemon-well": (f"(setsid sleep {MARK} &)", None),
    "deaf": (f"{DEAF} & {DEAF}", TOO_LONG),
    "stopped": (f"sleep {MARK} & kill -STOP $$", TOO_LONG),
    "reader": ("cat; read line || echo nothing to read", None),
    "limits": ("ulimit -f unlimited || ulimit -u unlimited || ulimit -d unlimited || exit 5", "exit code 5"),
    "few-files": ("ulimit -n 3; echo x | cat", "exit code "),
    "killer": ("kill -9 $PPID; kill -9 1; kill -9 -1; exit 6", "exit code 6"),
    "suicide": ("kill -9 $$", "was ended by SIGKILL"),
    "disk": ("exec head -c 100000000 /dev/zero > big", "wrote a file of more than 5 MiB"),
    "memory": ("head -c 2000000000 /dev/zero | tail; exit ${PIPESTATUS[1]}", "exit code 1: tail: memory exhausted"),
}
CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "call-absent": ("no.such", {}, "there is no call 'no.such'"),
    "call-flood": ("test.print_on", {}, "printed more than 5 MiB"),
    "call-exit": ("test.exit", {"code": 0}, "the call ended its own process (exit code 0)"),
    "call-crash": ("test.crash", {}, "the call crashed (SIGSEGV)"),
    "call-hang": ("test.hang", {}, TOO_LONG),
    "call-daemon": ("test.daemon", {"token": MARK, "then": "exit"}, "the call ended its own process"),
    "call-killer": ("test.daemon", {"token": MARK, "then": "kill its parent"}, TOO_LONG),
    "call-large": ("test.result", {"kind": "large"}, "its result has more than 1048576 bytes"),
}


def subtasks() -> list[dict[str, Any]]:
    """Each hostile one with an ordinary one beside it."""
    tried: list[tuple[str, dict[str, Any], str | None]]
    tried = [(key, {"name": "shell", "command": command}, error) for key, (command, error) in COMMANDS.items()]
    tried += [
        (key, {"name": "python", "call": name, "arguments": more}, error) for key, (name, more, error) in CALLS.items()
    ]
    found = []
    for key, spec, error in tried:
        seconds = 3 if error == TOO_LONG else 60
        found.append({"key": key, "content": key, "executor": spec, "timeout_seconds": seconds, "max_retries": 0})
        command = {"name": "shell", "command": "sleep 0.2"}
        found.append({"key": f"beside-{key}", "content": "Ordinary work", "executor": command})
    return found


def living() -> list[str]:
    """Command lines that have the mark in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if MARK in line:
            found.append(line)
    return found


@pytest.fixture
def attacked(settled: Server, workspace: Path) -> tuple[Server, str, float]:
    """A server that has been through all of it, the run, and the longest it took to answer meanwhile."""
    settled.start(DJANGO_SETTINGS_MODULE="tests.server.settings")
    run = settled.run({"content": "Hostile work", "subtasks": subtasks()}, max_agents=4, strategy="parallel")
    slowest = 0.0

    def ended() -> bool:
        nonlocal slowest
        since = time.monotonic()
        with urllib.request.urlopen(f"{settled.url}/healthz", timeout=PATIENCE):
            slowest = max(slowest, time.monotonic() - since)
        return bool(settled.get(f"runs/{run}/")["finished_at"])

    until(ended, "the run has ended", 3 * PATIENCE)
    return settled, run, slowest


def test_hostile_work_fails_by_itself_and_clearly(attacked: tuple[Server, str, float], workspace: Path) -> None:
    server, run, slowest = attacked
    mode, reason = sandbox.mode(workspace)
    expected = {key: error for key, (_, error) in COMMANDS.items()}
    if mode is sandbox.Mode.OFF:
        expected = dict.fromkeys(COMMANDS, reason)
    expected |= {key: error for key, (_, _, error) in CALLS.items()}
    for key, error in expected.items():
        row = server.get(f"runs/{run}/subtasks/{key}/")
        wanted = ("completed", "") if error is None else ("failed", error)
        assert (row["status"], (row["error"] or "")[: len(wanted[1])]) == wanted, (key, row)
        assert len(row["attempts"]) == 1
    beside = [status for key, status in server.statuses(run).items() if key.startswith("beside")]
    assert set(beside) == ({"completed"} if mode is not sandbox.Mode.OFF else {"failed"})
    until(lambda: not living(), f"none of it is left: {living()}", 10)
    assert slowest < 10
    assert server.manage("verify").returncode == 0
    assert "Traceback" not in server.printed
    assert server.stop() == 0
    assert server.leftovers() == set()
