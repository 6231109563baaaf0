"""`manage.py up` as a process of its own: started, talked to, killed, and looked at from outside."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0  # seconds until a test that waits for something gives up: a server may need one minute to start
READY = "login: "  # the last line
# Settings of whoever runs the tests must not reach the servers under test.
_OURS = {"HOST", "PORT", "SERVER", "DEMO", "DJANGO_SETTINGS_MODULE"}

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it never came to this in {seconds} s: {what}")


def below(pid: int) -> set[int]:
    """All processes below this one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        children.setdefault(int(text[text.rindex(")") + 2 :].split()[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    above = [pid]
    while above:
        for child in children.get(above.pop(), ()):
            found.add(child)
            above.append(child)
    return found


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process has ended; waits for one that is about to."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


class Server:
    """One home folder and, most of the time, one server on it."""

    def __init__(self, home: Path, workspace: Path, checkout: Path = ROOT, cwd: Path | None = None) -> None:
        self.home = home
        self.manage_py = checkout / "manage.py"
        self.cwd = cwd or checkout
        kept = {name: text for name, text in os.environ.items() if name not in _OURS and "ABREAST" not in name}
        self.environment = kept | {"ABREAST_HOME": str(home), "ABREAST_WORKSPACE": str(workspace), "DEMO": "0"}
        self.environment |= {"PYTHONWARNINGS": "default"}
        if checkout != ROOT:
            self.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._children: set[int] = set()
        self._reader: threading.Thread | None = None

    # ---- the process ----

    def start(self, **environment: str) -> "Server":
        """Starts it and waits until it serves."""
        self.begin(**environment)
        self.said(READY)
        return self

    def begin(self, **environment: str) -> subprocess.Popen[str]:
        """Starts it and waits for nothing."""
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, str(self.manage_py), "up"],
            env=self.environment | environment,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        return self.process

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))

    @property
    def printed(self) -> str:
        return "\n".join(self.lines)

    @property
    def running(self) -> "subprocess.Popen[str]":
        assert self.process is not None
        return self.process

    def said(self, start: str) -> str:
        """The rest of the first line that begins so; waits for it."""

        def look() -> str | None:
            found = [line.removeprefix(start) for line in self.lines if line.startswith(start)]
            if not found and self.running.poll() is not None:
                raise AssertionError(f"it ended ({self.running.returncode}) before it said {start!r}:\n{self.printed}")
            return found[0] if found else None

        return until(look, f"a line {start!r} in\n{self.printed}")

    def send(self, number: int) -> None:
        """Sends it to the server alone; notes who was below it, to be found gone later."""
        self._children |= below(self.running.pid)
        self.running.send_signal(number)

    def ended(self, seconds: float = PATIENCE) -> int:
        """Waits for its end: its exit code, or the signal as a negative number."""
        code = self.running.wait(seconds)
        assert self._reader
        self._reader.join(10)
        return code

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.send(number)
        return self.ended()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def leftovers(self) -> set[int]:
        """Those that were below it when it was last told something, and live on."""
        return {pid for pid in self._children if not gone(pid)}

    def clear(self) -> None:
        """Whatever has happened: nothing of it runs any more."""
        if self.process is not None:
            self._children |= below(self.process.pid)
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.ended()
        for pid in self.leftovers():
            os.kill(pid, signal.SIGKILL)

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command on the same home."""
        return subprocess.run(
            [sys.executable, str(self.manage_py), *arguments],
            env=self.environment,
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    # ---- talking to it ----

    @property
    def url(self) -> str:
        return self.said("Abreast is at ").split(" ")[0]

    @property
    def token(self) -> str:
        return self.said("token: ")

    def ask(self, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer of the API; a POST when there is a body."""
        request = urllib.request.Request(f"{self.url}/api/v1/{path}")
        request.add_header("Authorization", f"Bearer {token or self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def get(self, path: str) -> Any:
        status, answer = self.ask(path)
        assert status == 200, answer
        return answer

    def run(self, tree: dict[str, Any], **options: Any) -> str:
        """Makes a todo and runs it; the number of the run."""
        status, todo = self.ask("todos/", tree)
        assert status == 201, todo
        status, run = self.ask(f"todos/{todo['id']}/run/", options)
        assert status == 201, run
        return run["id"]

    def wait_for(self, run: str, *statuses: str) -> dict[str, Any]:
        """The run, as soon as it has one of these statuses."""

        def look() -> Any:
            found = self.get(f"runs/{run}/")
            return found if found["status"] in statuses else None

        return until(look, f"run {run} is {statuses}")

    def events(self, run: str) -> list[dict[str, Any]]:
        """All of a run, in order."""
        found: list[dict[str, Any]] = []
        while page := self.get(f"runs/{run}/events/?limit=500&after={len(found)}")["results"]:
            found += page
        return found

    def all_of(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        url: str | None = path
        while url:
            page = self.get(url.split("/api/v1/", 1)[-1])
            rows += page["results"]
            url = page["next"]
        return rows

    def statuses(self, run: str) -> dict[str, str]:
        """Of each subtask, by key."""
        return {row["key"]: row["status"] for row in self.all_of(f"runs/{run}/subtasks/?limit=500")}

    def attempts(self, run: str, key: str) -> list[str]:
        """The status of each, the first first."""
        return [attempt["status"] for attempt in self.get(f"runs/{run}/subtasks/{key}/")["attempts"]]
