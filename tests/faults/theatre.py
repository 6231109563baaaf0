"""The processes, what they share, and what happens to them."""

import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests import scale, servers
from tests.clocks import WallClock
from tests.faults.asking import Client, Companion
from tests.faults.hands import NAME, Onlooker
from tests.server.process import below

AWAY_SECONDS = (0.2, 2.0)  # of a server
CLOCK_STEPS = (-86_400, -3_600, -1, 1, 3_600, 86_400)
SUBTASKS = 24
SMALL = 8  # of a run whose commands agents carry out, or of one of the hand's


@dataclass
class Theatre:
    """The processes, what they share, and what was asked of them."""

    named: dict[str, str]
    postgres: servers.Postgres
    redis: servers.Redis
    chance: random.Random
    done: Path  # what the commands wrote
    client: Client
    faults: Counter[str]
    agent_token: str
    clock: WallClock | None = None
    processes: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)  # the keys of each
    commands: set[tuple[str, str]] = field(default_factory=set)  # runs and keys of those that write into the file
    companions: list[Companion] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.named['PORT']}"

    # ---- processes ----

    def start(self, name: str) -> None:
        kind = name.split("-")[0]
        if kind == "agent":
            words = [sys.executable, "-m", "runs.portable.agent", "--url", self.url, "--name", name, "--jobs", "3"]
            words += ["--workspace", str(self.done.parent)]
            self.processes[name] = scale.process(words, self.named | {"ABREAST_TOKEN": self.agent_token})
        else:
            words = ["worker", "--name", name, "--seats", "4"] if kind == "worker" else [kind]
            self.processes[name] = scale.command(*words, **self.named)

    def one(self, kind: str) -> str:
        return self.chance.choice(sorted(name for name in self.processes if name.startswith(kind)))

    def kill(self, kind: str) -> None:
        """kill -9, and another in its place."""
        name = self.one(kind)
        self.processes[name].kill()
        self.processes[name].wait()
        self.start(name)

    def set_clock(self) -> None:
        """The wall's, of all our processes; those of PostgreSQL and Redis are other machines'."""
        if self.clock is not None:
            self.clock.move(self.chance.choice(CLOCK_STEPS))

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    # ---- faults ----

    def freeze(self, processes: Iterable[int], seconds: float) -> None:
        """Then they go on as if nothing had happened, and say what they have to say."""
        stopped = list(processes)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in stopped:
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    continue
            time.sleep(seconds if number == signal.SIGSTOP else 0)

    def freeze_one(self, kind: str, seconds: float) -> None:
        self.freeze([self.processes[self.one(kind)].pid], seconds)

    def freeze_server(self, server: servers.Postgres | servers.Redis, seconds: float) -> None:
        self.freeze({server.pid} | below(server.pid), seconds)

    def cut_connections(self) -> None:
        text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datid > 0"
        with psycopg.connect(self.postgres.url) as database:
            database.execute(text)

    def restart(self, server: Any) -> None:
        server.stop()
        time.sleep(self.chance.uniform(*AWAY_SECONDS))
        server.start()

    def half_bodies(self) -> None:
        """Clients that begin to say something and are gone, and such as take their time."""
        port = int(self.named["PORT"])
        head = f"POST /api/v1/progress/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {self.agent_token}\r\nContent-Length: 1000\r\n\r\n"
        clients = []
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
            client.sendall(head.encode() + b'{"reports": [{"attempt": "1"'[: self.chance.randrange(30)])
            clients.append(client)
        time.sleep(1)
        for client in clients:
            client.close()

    def strike(self) -> None:
        faults: dict[str, Callable[[], object]] = {
            "kill -9 of a worker": lambda: self.kill("worker"),
            "kill -9 of an orchestrator": lambda: self.kill("orchestrate"),
            "kill -9 of a web process": lambda: self.kill("web"),
            "kill -9 of an agent": lambda: self.kill("agent"),
            # For longer than another waits to take over, or a lease lasts.
            "orchestrator frozen": lambda: self.freeze_one("orchestrate", 12),
            "worker frozen": lambda: self.freeze_one("worker", 18),
            "agent frozen": lambda: self.freeze_one("agent", 18),
            "web process frozen": lambda: self.freeze_one("web", 6),
            "PostgreSQL frozen": lambda: self.freeze_server(self.postgres, 8),
            "Redis frozen": lambda: self.freeze_server(self.redis, 8),
            "connections to PostgreSQL cut": self.cut_connections,
            "FLUSHALL": self.redis.flush,
            "Redis killed": lambda: self.restart(self.redis),
            "PostgreSQL crashed": lambda: self.restart(self.postgres),
            "bodies that never come": self.half_bodies,
            "clock set": self.set_clock,
        }
        name = self.chance.choice(sorted(faults))
        print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
        try:
            faults[name]()
        except ConnectionError:  # of a web process that was just killed
            return
        self.faults[name] += 1

    # ---- work ----

    def ask_for_a_run(self) -> None:
        """Most are Celery's; some the orchestrator's own, the agents', or those of the hand in this process."""
        number = len(self.runs) + 1
        backend = self.chance.choice(("celery", "celery", "embedded", "external", "hand"))
        count = SMALL if backend in ("external", "hand") else SUBTASKS
        keys = [f"r{number}s{at}" for at in range(count)]
        children = [self._child(key, at, keys, backend) for at, key in enumerate(keys)]
        body = {"content": f"Run {number}", "backend": "external" if backend == "hand" else backend, "max_agents": 8}
        made = self.client.call("POST", "runs/", body | {"subtasks": children}, f"run-{number}")
        self.runs[str(made["id"])] = set(keys)
        if backend != "hand":
            self.commands |= {(str(made["id"]), key) for key in keys}
        for one in self.companions:
            if isinstance(one, Onlooker):
                one.run_id = str(made["id"])

    def _child(self, key: str, at: int, keys: list[str], backend: str) -> dict[str, Any]:
        said: dict[str, Any] = {"key": key, "content": key, "max_retries": 10}
        said["depends_on"] = keys[at - 4 : at - 3] if at >= 4 else []
        if backend == "hand":
            return said | {"assigned_agent": NAME, "parallelizable": True}
        command = f"sleep 0.{at % 5}; echo {key} >> {self.done}"
        return said | {"executor": {"name": "shell", "command": command}}
