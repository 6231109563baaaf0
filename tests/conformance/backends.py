"""A small adapter for each backend: how its workers are started, and how they say something twice or too late."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import servers
from tests.conformance.places import PATIENCE, Place

ENDED = ("completed", "failed", "cancelled")
Outline = dict[str, dict[str, Any]]


class Work:
    """A run, and the orders of those who carry it out."""

    def __init__(self, backend: "Backend", number: str, folder: Path) -> None:
        self.backend, self.number, self.folder = backend, number, folder
        self.path = f"runs/{number}/"

    # ---- what is to happen ----

    def finish(self, *keys: str, fails: int = 0) -> None:
        """They end as soon as they have begun, or already now; the first `fails` attempts go wrong."""
        for key in keys:
            (self.folder / f"{key}.new").write_text(json.dumps({"fails": fails}))
            (self.folder / f"{key}.new").rename(self.folder / key)

    def steer(self, verb: str) -> Any:
        return self.backend.place.call("POST", f"{self.path}{verb}/")

    # ---- what has happened ----

    @property
    def book(self) -> list[str]:
        path = self.folder / "book"
        return path.read_text().splitlines() if path.exists() else []

    def begun(self, *keys: str) -> None:
        servers.until(lambda: {f"begin {key}" for key in keys} <= set(self.book), f"{keys} begin", PATIENCE)

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self.backend.place.call("GET", self.path)
        return found

    def subtask(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.backend.place.call("GET", f"{self.path}subtasks/{key}/")
        return found

    def subtasks(self) -> dict[str, dict[str, Any]]:
        rows = self.backend.place.call("GET", f"{self.path}subtasks/?limit=500")["results"]
        return {row["key"]: row for row in rows}

    def statuses(self) -> dict[str, str]:
        return {key: row["status"] for key, row in self.subtasks().items()}

    def tries(self, key: str) -> list[str]:
        return [one["status"] for one in self.subtask(key)["attempts"]]

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Looks again whenever the run has changed, and each second. Raises TimeoutError."""
        over, seq = time.monotonic() + PATIENCE, 0
        while not true():
            if time.monotonic() > over:
                raise TimeoutError(f"{what}: not within {PATIENCE:g} s")
            seq = self.backend.place.call("GET", f"{self.path}progress/?after={seq}&wait=1")["seq"]

    def becomes(self, key: str, status: str) -> None:
        self.until(lambda: self.subtask(key)["status"] == status, f"{key} is {status}")

    def ends(self, status: str) -> None:
        """Waits until the run ends, so; then all that must agree agrees."""
        self.until(lambda: self.look()["status"] in ENDED, f"{self.number} ends")
        assert self.look()["status"] == status, self.look()
        self.agrees()

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.backend.place.call("GET", f"{self.path}events/?limit=1000")["results"]
        return found

    def agrees(self) -> None:
        """Its log has no hole, and its counters are those of its subtasks."""
        events, run = self.events(), self.look()
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        statuses = list(self.statuses().values())
        counts = {word: number for word, number in run["counts"].items() if word != "total"}
        assert counts == {word: statuses.count(word) for word in counts}
        assert run["counts"]["total"] == len(statuses)
        ends = [event["subtask"] for event in events if event["kind"] == "completed"]
        assert sorted(ends) == sorted(key for key, status in self.statuses().items() if status == "completed")


class Backend:
    """Runs of one backend at one place."""

    word = "embedded"
    dispatches = True  # it decides who does what, and when
    works = Work
    crew = "server"  # the process that carries subtasks out

    def __init__(self, place: Place) -> None:
        self.place = place
        self.made = 0

    def staffed(self) -> None:
        """Somebody is there to do the work."""

    def start_crew(self, name: str) -> None:
        self.place.start(name, "manage.py", "orchestrate" if "web" in self.place.processes else "up")

    def run(self, outline: Outline, **options: Any) -> Work:
        self.staffed()
        self.made += 1
        folder = self.place.home / f"{self.word}-{self.made}"
        folder.mkdir()
        body = {"content": f"Run {self.made}", "backend": self.word, "max_agents": 4, "strategy": "parallel"}
        subtasks = [self.subtask(key, folder, said) for key, said in outline.items()]
        made = self.place.call("POST", "runs/", body | options | {"subtasks": subtasks})
        return self.works(self, made["id"], folder)

    def subtask(self, key: str, folder: Path, said: dict[str, Any]) -> dict[str, Any]:
        arguments = {"key": key, "folder": str(folder)}
        executor = {"name": "python", "call": "conformance.work", "arguments": arguments}
        return {"key": key, "content": f"Do {key}", "executor": executor} | said

    def spending(self) -> dict[str, Any]:
        """A subtask that uses a hundred tokens."""
        said = {"result": "done", "usage": {"input_tokens": 80, "output_tokens": 20}}
        return {"executor": {"name": "agent", "command": ["echo", json.dumps(said)], "prompt": "Do it"}}

    def lose_one(self) -> None:
        """Whoever is at work falls silent, and another comes."""
        self.place.processes[self.crew].send_signal(signal.SIGSTOP)
        self.start_crew(f"{self.crew}-later")

    def come_back(self, work: Work, key: str) -> None:
        """Whoever fell silent goes on, says what it has to say, and has said it."""
        self.place.processes[self.crew].send_signal(signal.SIGCONT)

    def say_again(self, work: Work, key: str) -> None:
        """The end of its last attempt is told once more, as this backend might; nobody takes it for another."""
        attempt = work.subtask(key)["attempts"][-1]
        for verb in ("complete", "fail", "heartbeat"):
            status, answer = self.place.ask("POST", f"attempts/{attempt['id']}/{verb}/", {"epoch": attempt["epoch"]})
            assert status in (404, 409), answer


class Embedded(Backend):
    """On SQLite the server is killed and starts anew; on PostgreSQL one of two orchestrators is frozen."""

    @property
    def alone(self) -> bool:
        return "web" not in self.place.processes

    def lose_one(self) -> None:
        if self.alone:
            self.place.kill(self.crew)
            self.start_crew(self.crew)
            self.place.ready()
        else:
            super().lose_one()

    def come_back(self, work: Work, key: str) -> None:
        if not self.alone:
            super().come_back(work, key)
            said = "another process leads now"
            servers.until(lambda: said in self.place.log(self.crew), "the first one stops", PATIENCE)


class Celery(Backend):
    word = "celery"
    crew = "worker"

    def staffed(self) -> None:
        if self.crew not in self.place.processes:
            self.start_crew(self.crew)

    def start_crew(self, name: str) -> None:
        self.place.start(name, "manage.py", "worker", "--seats", "4", "--name", name)

    def come_back(self, work: Work, key: str) -> None:
        super().come_back(work, key)
        servers.until(lambda: work.book.count(f"end {key}") == 2, "both have ended it", PATIENCE)

    def say_again(self, work: Work, key: str) -> None:
        super().say_again(work, key)
        self.offer_again(work, key)

    def offer_again(self, work: Work, key: str) -> None:
        """The message comes again, twice, and once with an epoch that is not there."""
        attempt = work.subtask(key)["attempts"][-1]
        from celery import Celery as Application

        with Application(broker=self.place.environment["CELERY_BROKER_URL"]) as application:
            for epoch in (attempt["epoch"], attempt["epoch"], attempt["epoch"] + 1):
                given = [int(attempt["id"]), epoch]
                application.send_task("abreast.attempt", given, queue="abreast.query", ignore_result=True)


class External(Backend):
    word = "external"
    crew = "agent"

    def staffed(self) -> None:
        if self.crew not in self.place.processes:
            self.start_crew(self.crew)

    def start_crew(self, name: str) -> None:
        self.place.start(name, "-m", "tests.conformance.work", self.place.url, self.place.agents_token, name)

    def spending(self) -> dict[str, Any]:
        return {}  # all its work does

    def say_again(self, work: Work, key: str) -> None:
        attempt = work.subtask(key)["attempts"][-1]
        path, epoch = f"attempts/{attempt['id']}/", attempt["epoch"]
        result = {"of": key}
        assert self.place.ask("POST", f"{path}complete/", {"epoch": epoch, "result": result})[0] == 200
        for verb, said in (("fail", epoch), ("complete", epoch + 1), ("complete", epoch - 1), ("heartbeat", epoch)):
            status, answer = self.place.ask("POST", f"{path}{verb}/", {"epoch": max(0, said)})
            assert status in (409, 422), answer


class Reported(Work):
    """Work that its agent reports: nobody else begins or ends it."""

    def report(self, key: str, status: str, wanted: int = 200) -> None:
        said = {"key": key, "status": status, "agent": "reporter"}
        (told,) = self.backend.place.call("POST", f"{self.path}reports/", {"reports": [said]})["results"]
        assert told["status"] == wanted, told

    def begun(self, *keys: str) -> None:
        for key in keys:
            self.report(key, "in_progress")

    def finish(self, *keys: str, fails: int = 0) -> None:
        for key in keys:
            self.report(key, "failed" if fails else "completed")


class Tracked(Backend):
    word = "tracked"
    dispatches = False
    works = Reported

    def lose_one(self) -> None:
        """It says nothing more."""

    def say_again(self, work: Work, key: str) -> None:
        assert isinstance(work, Reported)
        work.report(key, "completed")
        work.report(key, "in_progress", 409)
        work.report(key, "failed", 409)
