"""Real work that pictures show: the source of Django is explored, which every machine that takes them has."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from runs.executors import explore
from tests.live_server import Server

WORKSPACE = Path(django.__file__).resolve().parent.parent
MOST_MODULES = 2_000
ENDED = ("completed", "failed", "cancelled")
PATIENCE_SECONDS = 120.0


def plant(server: Server, folder: str) -> str:
    """A todo that explores a folder of Django; its id."""
    todo: str = server.call("POST", "todos/", explore.outline(WORKSPACE, folder, limit=MOST_MODULES))["id"]
    return todo


def start(server: Server, todo: str) -> str:
    """A run of it. All that was completed is done again."""
    run: str = server.call("POST", f"todos/{todo}/run/")["id"]
    return run


def begun(server: Server, run: str, completed: int) -> str:
    """The same run when so many subtasks are done."""
    return _when(server, run, lambda found: found["completed"] >= completed)


def ended(server: Server, run: str) -> str:
    """The same run when it has ended."""
    return _when(server, run, lambda found: found["status"] in ENDED)


def _when(server: Server, run: str, enough: Callable[[Any], bool]) -> str:
    seq, until = 0, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = server.call("GET", f"runs/{run}/progress/?after={seq}&wait=5")
        if enough(found):
            return run
        seq = found["seq"]
    raise TimeoutError(f"run {run} takes too long")
