"""A real server in a process and a home folder of its own, and the few calls of its REST API that are wanted here."""

import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import httpx

from runs.executors import explore

ROOT = Path(__file__).resolve().parent.parent.parent
WORKSPACE = Path(django.__file__).resolve().parent.parent
UP_SECONDS = 60.0
EXPLORED_SECONDS = 120.0
MOST_MODULES = 2_000
BEGUN = 0.3
ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, the link that signs its owner in, and an operator's token."""

    url: str
    login: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer as JSON. Raises httpx.HTTPStatusError."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v1/{path}", json=body, headers=headers, timeout=60)
        return answer.raise_for_status().json()

    def plant(self, folder: str) -> str:
        """A todo that explores a folder of Django."""
        todo: str = self.call("POST", "todos/", explore.outline(WORKSPACE, folder, limit=MOST_MODULES))["id"]
        return todo

    def run(self, todo: str) -> str:
        run: str = self.call("POST", f"todos/{todo}/run/")["id"]
        return run

    def begun(self, run: str) -> str:
        """The same run when enough of it is done to be looked at."""
        return self._wait(run, lambda found: found["completed"] >= BEGUN * found["total"])

    def ended(self, run: str) -> str:
        """The same run when it has ended."""
        return self._wait(run, lambda found: found["status"] in ENDED)

    def _wait(self, run: str, enough: Callable[[Any], bool]) -> str:
        seq, deadline = 0, time.monotonic() + EXPLORED_SECONDS
        while time.monotonic() < deadline:
            found = self.call("GET", f"runs/{run}/progress/?after={seq}&wait=5")
            if enough(found):
                return run
            seq = found["seq"]
        raise TimeoutError(f"run {run} stands still")


@contextmanager
def running(**environment: str) -> Iterator[Server]:
    """`manage.py up`, without a first run, while the block lasts. The home folder is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="abreast-") as home:
        settings = {"ABREAST_HOME": home, "ABREAST_WORKSPACE": str(WORKSPACE), "DEMO": "0", "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=_inherited() | settings | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield _announced(process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _inherited() -> dict[str, str]:
    """The environment without what would make this server another than a plain one."""
    ours = re.compile(r"ABREAST_\w+|DJANGO_\w+|HOST|PORT|SERVER|DEMO|DATABASE_URL|REDIS_URL|CELERY_BROKER_URL")
    return {name: text for name, text in os.environ.items() if not ours.fullmatch(name)}


def _announced(process: subprocess.Popen[str]) -> Server:
    """What it prints when it is up. Its output is read to the end, so that it never waits for a reader."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    printed = ""
    until = time.monotonic() + UP_SECONDS
    while not (up := re.search(r"Abreast is at (\S+)", printed)):
        line = lines.get(timeout=max(0.1, until - time.monotonic()))
        if line is None:
            raise RuntimeError(f"the server did not start:\n{printed}")
        printed += line
    login, token = (re.search(rf"^{word}: (\S+)$", printed, re.MULTILINE) for word in ("login", "token"))
    assert login and token, printed
    return Server(up[1], login[1], token[1])
