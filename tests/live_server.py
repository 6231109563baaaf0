"""`manage.py up` in a process and a home folder of its own, for programs that want the real thing from outside."""

import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
UP_SECONDS = 120.0
DOWN_SECONDS = 20.0
# What would make it another server than a plain one.
_OURS = re.compile(r"ABREAST_\w+|DJANGO_\w+|HOST|PORT|SERVER|DEMO|DATABASE_URL|REDIS_URL|CELERY_BROKER_URL")


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, the link that signs its owner in, and an operator's token with the command permission.

    `printed`: all it said until it was up.
    """

    url: str
    login: str
    token: str
    printed: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer as JSON, of a path below /api/v1/. Raises httpx.HTTPStatusError."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v1/{path}", json=body, headers=headers, timeout=60)
        return answer.raise_for_status().json()


@contextmanager
def running(**environment: str) -> Iterator[Server]:
    """It runs while the block lasts, without a first run. The home folder is thrown away afterwards."""
    inherited = {name: text for name, text in os.environ.items() if not _OURS.fullmatch(name)}
    with tempfile.TemporaryDirectory(prefix="abreast-") as home:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=inherited | {"ABREAST_HOME": home, "DEMO": "0"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield _announced(_lines_of(process))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DOWN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _lines_of(process: subprocess.Popen[str]) -> "queue.Queue[str]":
    """What it prints, and "" at the end. It is read to the end, so that it never waits for a reader."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _announced(lines: "queue.Queue[str]") -> Server:
    printed = ""
    until = time.monotonic() + UP_SECONDS
    while not (login := re.search(r"^login: (\S+)$", printed, re.MULTILINE)):
        line = lines.get(timeout=max(0.1, until - time.monotonic()))
        if not line:
            raise RuntimeError(f"the server did not start:\n{printed}")
        printed += line
    up, token = (re.search(rf"^{words} (\S+)", printed, re.MULTILINE) for words in ("Abreast is at", "token:"))
    assert up and token, printed
    return Server(up[1], login[1], token[1], printed)
