"""`make faults`: real processes, ended and cut off at random while they carry runs out; then all is counted.

What counts as done is known from outside, too: each subtask is a command that writes its key into a file. At the end
the file and the database must agree: nothing lost, nothing completed twice, `verify` clean. MINUTES says how long (10),
SEED what happens when.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests import scale, servers

START_SECONDS = 300.0
SETTLE_SECONDS = 120.0
PAUSE_SECONDS = (1.0, 4.0)  # between two faults
AWAY_SECONDS = (0.2, 2.0)  # of a server
RUN_SECONDS = 5.0  # another run each
SUBTASKS = 24
LOST_REPLIES = 0.3  # of what is asked for under a key


@dataclass
class Theatre:
    """The processes, what they share, and what was asked of them."""

    named: dict[str, str]
    postgres: servers.Postgres
    redis: servers.Redis
    chance: random.Random
    done: Path  # what the commands wrote
    processes: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)  # the keys of each
    faults: Counter[str] = field(default_factory=Counter)
    token: str = ""

    def start(self, name: str) -> None:
        words = ("worker", "--name", name, "--seats", "4") if name.startswith("worker") else (name.split("-")[0],)
        self.processes[name] = scale.command(*words, **self.named)

    def kill(self, kind: str) -> None:
        """kill -9, and another in its place."""
        name = self.chance.choice([name for name in self.processes if name.startswith(kind)])
        self.processes[name].kill()
        self.processes[name].wait()
        self.start(name)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    def freeze(self, name: str, seconds: float) -> None:
        """Then it goes on as if nothing had happened, and says what it has to say."""
        process = self.processes[name]
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def cut_connections(self) -> None:
        text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datid > 0"
        with psycopg.connect(self.postgres.url) as database:
            database.execute(text)

    def restart(self, server: Any) -> None:
        server.stop()
        time.sleep(self.chance.uniform(*AWAY_SECONDS))
        server.start()

    def strike(self) -> None:
        faults: dict[str, Callable[[], None]] = {
            "kill -9 of a worker": lambda: self.kill("worker"),
            "kill -9 of an orchestrator": lambda: self.kill("orchestrate"),
            "kill -9 of a web process": lambda: self.kill("web"),
            # For longer than another waits to take over, or a lease lasts.
            "orchestrator frozen": lambda: self.freeze("orchestrate-1", 12),
            "worker frozen": lambda: self.freeze("worker-1", 18),
            "connections to PostgreSQL cut": self.cut_connections,
            "FLUSHALL": self.redis.flush,
            "Redis killed": lambda: self.restart(self.redis),
            "PostgreSQL crashed": lambda: self.restart(self.postgres),
        }
        name = self.chance.choice(sorted(faults))
        print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
        faults[name]()
        self.faults[name] += 1

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """As a careful client does it: again until there is an answer, under the same key. 500 is never an answer."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        url = f"http://127.0.0.1:{self.named['PORT']}/api/v1/{path}"
        until = time.monotonic() + 60
        patience = 0.001 if key and self.chance.random() < LOST_REPLIES else 10  # it may have been done all the same
        while True:
            try:
                wait = httpx.Timeout(10, read=patience)
                answer = httpx.request(method, url, json=body, headers=headers, timeout=wait)
                if answer.status_code < 400:
                    return answer.json()
                if answer.status_code not in (409, 503) or time.monotonic() > until:
                    raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")
                self.faults[f"answered {answer.status_code}"] += 1
            except httpx.HTTPError:
                if time.monotonic() > until:
                    raise
                self.faults["reply lost"] += patience < 1
            patience = 10
            time.sleep(0.2)

    def ask_for_a_run(self) -> None:
        number = len(self.runs) + 1
        keys = [f"r{number}s{at}" for at in range(SUBTASKS)]
        children = [
            {
                "key": key,
                "content": key,
                "depends_on": keys[at - 4 : at - 3] if at >= 4 else [],
                "max_retries": 10,
                "executor": {"name": "shell", "command": f"sleep 0.{at % 5}; echo {key} >> {self.done}"},
            }
            for at, key in enumerate(keys)
        ]
        body = {"content": f"Run {number}", "backend": "celery", "max_agents": 8, "subtasks": children}
        made = self.call("POST", "runs/", body, f"run-{number}")
        self.runs[str(made["id"])] = set(keys)


def _manage(named: dict[str, str], *words: str) -> str:
    told = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=scale.ROOT, env=named, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def play(theatre: Theatre, seconds: float) -> None:
    """Runs are asked for and faults happen, until the time is over; then everything has time to end."""
    until, next_run = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        if time.monotonic() >= next_run:
            theatre.ask_for_a_run()
            next_run = time.monotonic() + RUN_SECONDS
        time.sleep(theatre.chance.uniform(*PAUSE_SECONDS))
        theatre.strike()
    servers.until(lambda: _all_ended(theatre), "all runs end", SETTLE_SECONDS)


def _all_ended(theatre: Theatre) -> bool:
    time.sleep(0.5)
    told = [theatre.call("GET", f"runs/{run}/") for run in theatre.runs]
    return all(run["status"] in ("completed", "failed", "cancelled") for run in told)


def judge(theatre: Theatre) -> dict[str, Any]:
    """What was lost, what was completed twice, and what `verify` says."""
    written = set(theatre.done.read_text(encoding="ascii").split())
    with psycopg.connect(theatre.postgres.url) as database:
        text = (
            "SELECT e.run_id::text, s.key, count(*) FROM runs_event e JOIN runs_subtask s ON s.id = e.subtask_id "
            "WHERE e.kind = 'completed' GROUP BY 1, 2"
        )
        completed = {(run, key): count for run, key, count in database.execute(text).fetchall()}
    wanted = {(run, key) for run, keys in theatre.runs.items() for key in keys}
    return {
        "subtasks": len(wanted),
        "lost": sorted(key for run, key in wanted if (run, key) not in completed or key not in written),
        "twice": sorted(key for (_, key), count in completed.items() if count > 1),
        "verify": [
            check for check in json.loads(_manage(theatre.named, "verify", "--json"))["checks"] if check["count"]
        ],
    }


def perform(seconds: float, seed: int) -> bool:
    with ExitStack() as stack:
        named = dict(os.environ) | {"PORT": str(servers.free_port()), "ABREAST_SHELL": "trusted", "HOST": "127.0.0.1"}
        postgres, redis = stack.enter_context(servers.postgres()), stack.enter_context(servers.redis_server())
        for name in ("ABREAST_HOME", "DJANGO_SETTINGS_MODULE", "ABREAST_SECRET_KEY"):
            named.pop(name, None)
        named |= {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "CELERY_BROKER_URL": redis.url}
        named = scale.environment(stack, named)
        done = Path(named["ABREAST_HOME"]) / "done"
        done.touch()
        theatre = Theatre(named, postgres, redis, random.Random(seed), done)
        _manage(named, "migrate", "--verbosity=0")
        theatre.token = _manage(named, "create_token", "faults", "--scope", "operator", "--commands")
        stack.callback(theatre.end)
        for name in ("web-1", "web-2", "orchestrate-1", "orchestrate-2", "worker-1", "worker-2"):
            theatre.start(name)
        url = f"http://127.0.0.1:{named['PORT']}/readyz"
        servers.until(lambda: servers.answers(url), "the web processes answer", START_SECONDS)
        play(theatre, seconds)
        found = judge(theatre)
    print(f"{dict(theatre.faults)}\n{found}")
    clean = not (found["lost"] or found["twice"] or found["verify"])
    print(
        f"faults: seed {seed}, {sum(theatre.faults.values())} faults, {found['subtasks']} subtasks, "
        f"lost {len(found['lost'])}, completed twice {len(found['twice'])}, "
        f"verify {'violated' if found['verify'] else 'clean'}",
        flush=True,
    )
    return clean


def main() -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SEED={seed} plays the same again", flush=True)
    sys.exit(not perform(60 * float(os.environ.get("MINUTES") or 10), seed))


if __name__ == "__main__":
    main()
