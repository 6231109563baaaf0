"""A performance from its beginning to its end, and the judgement about it."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests import scale, servers
from tests.clocks import WallClock, compiler
from tests.faults.asking import Client
from tests.faults.hands import NAME, Hand, Onlooker
from tests.faults.sizes import FULL, SMALL, measure
from tests.faults.theatre import Theatre

START_SECONDS = 300.0
SETTLE_SECONDS = 180.0
PAUSE_SECONDS = (1.0, 4.0)  # between two faults
RUN_SECONDS = 5.0  # another run each
HINT_LOSS = "0.3"
FULL_SECONDS = 60.0  # a performance so long has the full sizes, too
PROCESSES = ("web-1", "web-2", "orchestrate-1", "orchestrate-2", "worker-1", "worker-2", "agent-1", "agent-2")


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
    told = [theatre.client.call("GET", f"runs/{run}/") for run in theatre.runs]
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
        ill = (
            "SELECT run_id::text, key, status, error FROM runs_subtask WHERE status <> 'completed' ORDER BY id LIMIT 9"
        )
        print(*database.execute(ill).fetchall(), sep="\n")
    wanted = {(run, key) for run, keys in theatre.runs.items() for key in keys}
    acknowledged: Counter[tuple[str, str]] = Counter()
    for one in theatre.companions:
        acknowledged += one.acknowledged if isinstance(one, Hand) else Counter()
    done = set(completed) & (
        {(run, key) for run, key in theatre.commands if key in written} | wanted - theatre.commands
    )
    return {
        "subtasks": len(wanted),
        "acknowledged": len(acknowledged),
        "lost": sorted(key for _, key in (wanted | set(acknowledged)) - done),
        "twice": sorted(key for found in (completed, acknowledged) for (_, key), count in found.items() if count > 1),
        "wrong": [line for one in theatre.companions for line in one.wrong]
        + [
            f"an onlooker missed events of run {run}"
            for one in theatre.companions
            if isinstance(one, Onlooker)
            for run in one.holes()
        ],
        "verify": [
            check for check in json.loads(_manage(theatre.named, "verify", "--json"))["checks"] if check["count"]
        ],
    }


def _set(stack: ExitStack, seed: int) -> Theatre:
    """The stage before anything has happened."""
    named = dict(os.environ) | {"PORT": str(servers.free_port()), "ABREAST_SHELL": "trusted", "HOST": "127.0.0.1"}
    postgres, redis = stack.enter_context(servers.postgres()), stack.enter_context(servers.redis_server())
    for name in ("ABREAST_HOME", "DJANGO_SETTINGS_MODULE", "ABREAST_SECRET_KEY"):
        named.pop(name, None)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="abreast-faults-")))
    clock = WallClock(folder) if compiler() else None
    named |= {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "HINT_LOSS": HINT_LOSS}
    named |= {"HINTS_LOST": str(folder / "hints-lost")} | (clock.environment if clock else {})
    named |= {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "CELERY_BROKER_URL": redis.url}
    named = scale.environment(stack, named)
    done = Path(named["ABREAST_HOME"]) / "done"
    done.touch()
    _manage(named, "migrate", "--verbosity=0")
    token = _manage(named, "create_token", "faults", "--scope", "operator", "--commands")
    agent = _manage(named, "create_token", "agents", "--scope", "agent")
    faults: Counter[str] = Counter()
    url = f"http://127.0.0.1:{named['PORT']}"
    client = Client(url, token, random.Random(seed + 1), faults)
    theatre = Theatre(named, postgres, redis, random.Random(seed), done, client, faults, agent, clock)
    stack.callback(theatre.end)
    for name in PROCESSES:
        theatre.start(name)
    servers.until(lambda: servers.answers(f"{url}/readyz"), "the web processes answer", START_SECONDS)
    client.call("POST", "agents/", {"name": NAME, "capabilities": ["read"]})
    hand = Hand(Client(url, token, random.Random(seed + 2), faults), done.with_name("acknowledged"))
    theatre.companions += [hand, Onlooker(url, token)]
    return theatre


def perform(seconds: float, seed: int) -> bool:
    with ExitStack() as stack:
        theatre = _set(stack, seed)
        for one in theatre.companions:
            one.start()
        late = []
        try:
            play(theatre, seconds)
        except TimeoutError as error:
            late.append(str(error))
        for one in theatre.companions:
            one.end()
        sizes, wrong = measure(theatre, FULL if seconds >= FULL_SECONDS else SMALL)
        since = time.monotonic()
        found = judge(theatre)
        found["wrong"] += late + wrong
        sizes |= {"judged after s": round(time.monotonic() - since, 1)}
        lost = Path(theatre.named["HINTS_LOST"])
        sizes |= {"hints lost": lost.stat().st_size if lost.exists() else 0}
    print(f"{dict(theatre.faults)}\n{found}\n{sizes}")
    clean = not (found["lost"] or found["twice"] or found["wrong"] or found["verify"])
    print(
        f"faults: seed {seed}, {sum(theatre.faults.values())} faults, {found['subtasks']} subtasks, "
        f"{found['acknowledged']} acknowledged to agents, lost {len(found['lost'])}, "
        f"completed twice {len(found['twice'])}, otherwise wrong {len(found['wrong'])}, "
        f"verify {'violated' if found['verify'] else 'clean'}",
        flush=True,
    )
    return clean
