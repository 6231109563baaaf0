"""What agents ask for most, as fast as 1, 8 and 32 clients can ask: of the server, or (`--floor`) of the floor."""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
import psutil
import psycopg

django.setup()

from django.conf import settings  # noqa: E402  (these need the settings)
from django.core.management import call_command  # noqa: E402

from runs import actions, tokens  # noqa: E402
from runs.models import Agent, Run, Token  # noqa: E402
from tests.bench.seed import tree  # noqa: E402
from tests.bench.servers import free_port, process, wait_for_port  # noqa: E402
from tests.bench.work import floor  # noqa: E402
from tests.bench.work.callers import Caller, drive, get, post  # noqa: E402
from tests.bench.work.server import Asking, Server, serving  # noqa: E402

CLIENTS = (1, 8, 32)
BATCH = 100
LEASES = 8_000  # more than can be done while it is measured
LOOKED_AT = 1_000  # subtasks of the run whose progress is read
IN_A_RUN = 8  # clients that report about one run, so that none has more attempts open than a run may
FLOOR_ATTEMPTS = 100_000
FLOOR_TOKEN = "abr_a_floor"

Lease = tuple[str | int, int]
Callers = Callable[[int], Sequence[Caller]]


# ---- what is asked ----


def single(path: str, token: str, body: dict[str, Any]) -> Caller:
    request = post(path, body, token)
    while True:
        answer = yield request
        assert answer.status == 200, answer


def looking(path: str, token: str) -> Caller:
    """Somebody who asks how far a run is, again and again."""
    request = get(path, token)
    while True:
        answer = yield request
        assert answer.status == 200, answer


def batches(path: str, token: str, leases: Sequence[Lease]) -> Caller:
    reports = [{"attempt": attempt, "epoch": epoch, "progress": 0.5} for attempt, epoch in leases]
    request = post(path, {"reports": reports}, token)
    while True:
        answer = yield request
        said = {one["status"] for one in json.loads(answer.body)["results"]}
        assert answer.status == 200 and said == {200}, answer


def leasing(path: str, token: str, wanted: dict[str, Any], complete: Callable[[Any], str]) -> Caller:
    """An agent that takes one subtask after the other, and has done it at once."""
    request = post(path, wanted, token)
    while True:
        answer = yield request
        [lease] = json.loads(answer.body)["leases"]
        body = (
            {"attempt": lease["attempt"], "epoch": lease["epoch"]} if path == "/leases" else {"epoch": lease["epoch"]}
        )
        answer = yield post(complete(lease), body, token)
        assert answer.status == 200, answer


# ---- of the server ----


class Product:
    """The server, and runs for the clients that were made before it started; they are leased over REST."""

    def __init__(self, what: Sequence[str], clients: Sequence[int] = CLIENTS) -> None:
        self.token = tokens.make(tokens.owner(), "bench", scope="operator")
        token = Token.objects.values_list("pk", flat=True).get(digest=tokens.digest(self.token))
        self.agents = [f"agent-{at}" for at in range(max(CLIENTS))]
        Agent.objects.bulk_create(Agent(name=name, kind="agent", token_id=token, depth=1) for name in self.agents)
        sizes: dict[str, Callable[[int], list[int]]] = {
            "single": lambda clients: [clients],
            "leasing": lambda _: [LEASES],
            "batches": _in_runs,
            "looking": lambda _: [LOOKED_AT],
        }
        self._runs = {
            (name, number): [make_run(size).pk for size in sizes[name](number)] for name in what for number in clients
        }
        self._leases: list[Lease] = []  # that are open
        self.port = 0

    def _ask(self, path: str, body: Any) -> Any:
        asking = Asking(self.port, {"Authorization": f"Bearer {self.token}"})  # servers close connections that rest
        return json.loads(asking.ask(f"/api/v1/{path}", "POST", json.dumps(body).encode())[1])

    def leased(self, run: int, limit: int, agent: str) -> list[Lease]:
        wanted = {"agent": agent, "limit": limit, "run": str(run), "wait_seconds": 30}
        found = [(lease["attempt"], lease["epoch"]) for lease in self._ask("leases/", wanted)["leases"]]
        assert len(found) == limit, (len(found), limit)
        self._leases += found
        return found

    def leased_anew(self, clients: int) -> list[str]:
        """Attempts whose work another holds by now: each was lost, as if its agent had been silent for too long."""
        [run] = self._runs["single", clients]
        first = [self.leased(run, 1, name)[0] for name in self.agents[:clients]]
        time.sleep(settings.LEASE_SECONDS + 1)
        for name in self.agents[:clients]:
            self.leased(run, 1, name)
        return [str(attempt) for attempt, _ in first]

    def single(self, clients: int) -> Sequence[Caller]:
        [run] = self._runs["single", clients]
        leases = [self.leased(run, 1, name)[0] for name in self.agents[:clients]]
        return [
            single(f"/api/v1/attempts/{attempt}/heartbeat/", self.token, {"epoch": epoch, "progress": 0.5})
            for attempt, epoch in leases
        ]

    def batches(self, clients: int) -> Sequence[Caller]:
        runs = self._runs["batches", clients]
        pairs = [(runs[at % len(runs)], name) for at, name in enumerate(self.agents[:clients])]
        return [batches("/api/v1/progress/", self.token, self.leased(run, BATCH, name)) for run, name in pairs]

    def leasing(self, clients: int) -> Sequence[Caller]:
        [run] = self._runs["leasing", clients]
        return [
            leasing(
                "/api/v1/leases/",
                self.token,
                {"agent": name, "run": str(run), "wait_seconds": 5},
                lambda lease: f"/api/v1/attempts/{lease['attempt']}/complete/",
            )
            for name in self.agents[:clients]
        ]

    def looking(self, clients: int) -> Sequence[Caller]:
        [run] = self._runs["looking", clients]
        return [looking(f"/api/v1/runs/{run}/progress/", self.token) for _ in range(clients)]

    def end(self) -> None:
        """Nothing of one measure stays open during the next."""
        for at in range(0, len(self._leases), 1_000):
            done = self._leases[at : at + 1_000]
            reports = [{"attempt": number, "epoch": epoch, "outcome": "complete"} for number, epoch in done]
            self._ask("progress/", {"reports": reports})
        self._leases.clear()


def _in_runs(clients: int) -> list[int]:
    return [BATCH * min(clients, IN_A_RUN)] * max(1, clients // IN_A_RUN)


def make_run(subtasks: int) -> Run:
    keys: dict[str, list[str]] = {f"t{at}": [] for at in range(subtasks)}
    todo = tree(tokens.owner(), {key: {"executor": None} for key in keys}, keys)
    options = actions.Options(backend="external", strategy="parallel", max_agents=max(32, min(subtasks, 1_000)))
    return actions.start(todo, options)


# ---- of the floor ----


class Floor:
    """The same of the bare application, whose attempts are there before."""

    def __init__(self, token: str) -> None:
        self.token = token

    def single(self, clients: int) -> Sequence[Caller]:
        bodies = [{"reports": [{"attempt": at, "epoch": 1, "progress": 0.5}]} for at in range(clients)]
        return [single("/progress", self.token, body) for body in bodies]

    def batches(self, clients: int) -> Sequence[Caller]:
        parts = [range(at * BATCH, (at + 1) * BATCH) for at in range(clients)]
        return [batches("/progress", self.token, [(number, 1) for number in part]) for part in parts]

    def leasing(self, clients: int) -> Sequence[Caller]:
        return [leasing("/leases", self.token, {}, lambda lease: "/complete") for _ in range(clients)]

    def end(self) -> None:
        pass


def fill(token: str, synchronous: str, file: Path) -> None:
    """The floor's tables: attempts that are under way, then such as can be leased."""
    known = (sha256(token.encode()).hexdigest(), 1)
    leased = max(CLIENTS) * BATCH
    rows = [(at, 1, "running" if at < leased else "pending", None) for at in range(leased + FLOOR_ATTEMPTS)]
    url = os.environ.get("DATABASE_URL")
    with psycopg.connect(url) if url else sqlite3.connect(file) as connection:
        cursor, mark = connection.cursor(), "%s" if url else "?"
        for table in floor.TABLES:
            serial = "BIGSERIAL PRIMARY KEY" if url else "INTEGER PRIMARY KEY"
            cursor.execute(table.replace("{serial}", serial))
        cursor.execute(f"INSERT INTO token VALUES ({mark}, {mark})", known)
        cursor.executemany(f"INSERT INTO attempt VALUES ({mark}, {mark}, {mark}, {mark})", rows)


@contextmanager
def floor_up(synchronous: str) -> Iterator[Server]:
    """The bare application on uvicorn."""
    file, port = Path(os.environ["ABREAST_HOME"]) / "floor.sqlite3", free_port()
    fill(FLOOR_TOKEN, synchronous, file)
    env = os.environ | {"FLOOR": "1", "FLOOR_FILE": str(file), "FLOOR_SYNCHRONOUS": synchronous}
    command = [sys.executable, "-m", "uvicorn", "tests.bench.work.floor:application", "--port", str(port)]
    begun = time.perf_counter()
    with process([*command, "--log-level", "warning", "--lifespan", "off"], env=env) as server:
        wait_for_port(port, server)
        yield Server(port, FLOOR_TOKEN, begun, psutil.Process(server.pid))


def measure(
    server: Server, asked: Product | Floor, what: Sequence[str], seconds: float, numbers: Sequence[int] = CLIENTS
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in what:
        for clients in numbers:
            load = drive(server, getattr(asked, name)(clients), seconds)
            found[f"{name} {clients}"] = load.told()
            asked.end()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="+", choices=["single", "batches", "leasing", "looking"])
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    parser.add_argument("--floor", choices=["NORMAL", "FULL"], help="the bare application; SQLite syncs like this")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--clients", type=int, action="append", help=f"one of {CLIENTS}; all of them if none is named")
    parser.add_argument("--web", type=int, default=1, help="processes at one address, on PostgreSQL")
    options = parser.parse_args()
    if options.floor:
        with floor_up(options.floor) as server:
            print(json.dumps(measure(server, Floor(server.token), options.what, options.seconds)))
        return
    call_command("migrate", verbosity=0, interactive=False)
    clients = options.clients or CLIENTS
    product = Product(options.what, clients)
    with serving(options.web, SERVER=options.server) as server:
        product.port = server.port
        print(json.dumps(measure(server, product, options.what, options.seconds, clients)))


if __name__ == "__main__":
    main()
