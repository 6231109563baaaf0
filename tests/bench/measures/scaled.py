"""What a subtask costs through Celery and PostgreSQL, beside bare Celery on the same Redis with as many threads."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from tests import servers as services
from tests.bench import servers
from tests.bench.lines import Line, Sample, at_least, at_most
from tests.bench.sitting import Said, Sitting, sample

NAME = "celery"
SIZES = (1_000, 5_000)
SEATS = 16


def measure(sitting: Sitting) -> Iterator[Line]:
    with ExitStack() as stack:
        port = stack.enter_context(servers.redis(sitting))
        database = stack.enter_context(services.postgres()).url
        bare = stack.enter_context(_bare(sitting, f"redis://127.0.0.1:{port}/1"))
        group = stack.enter_context(servers.celery_worker(sitting, port, "threads", 2, SEATS))
        ours = stack.enter_context(_product(sitting, f"redis://127.0.0.1:{port}/0", database))
        for size in SIZES:
            found = sitting.in_turn(
                {
                    "celery": partial(sitting.run, "scaled", "--tasks", size, "--agents", SEATS, env=ours),
                    "bare": partial(sitting.run, "bare", "--tasks", size, env=bare),
                    "group": partial(sitting.run, "celery_group", "--tasks", size, env=group),
                    "embedded": partial(sitting.run, "scaled", "--tasks", size, "--backend", "embedded", env=ours),
                }
            )
            yield from _lines(size, found)


def _lines(size: int, found: Mapping[str, list[Said]]) -> Iterator[Line]:
    through = sample(found["celery"], _per_second)
    what = f"{size:,} no-op subtasks through Celery, recorded in PostgreSQL"
    # Within 1.5 times the time of a caller of Celery who hears of every end, as ours does.
    group = sample(found["group"], _per_second)
    yield Line(NAME, what, "/s", through, f"Celery, {SEATS} threads, group", group, at_least(0.67, 1.0))
    bare = sample(found["bare"], _per_second)
    yield Line(NAME, what, "/s", through, f"Celery, {SEATS} threads, nobody hears", bare)
    yield Line(NAME, f"{size:,} by the orchestrator itself", "/s", sample(found["embedded"], _per_second))
    every = found["celery"] + found["embedded"]
    wrong = Sample([said["lost"] + said["violations"] for said in every])
    yield Line(NAME, f"{size:,}: subtasks lost, invariants violated", "", wrong, target=at_most(0, 0))


def _per_second(said: Said) -> float:
    return float(said["tasks"] / said["seconds"])


@contextmanager
def _bare(sitting: Sitting, address: str) -> Iterator[Mapping[str, str]]:
    with sitting.home() as env:
        env = env | {"BENCH_REDIS": address, "C_FORCE_ROOT": "1"}
        command = [sys.executable, "-m", "celery", "-A", "tests.bench.work.bare_tasks", "worker", "-P", "threads"]
        command += ["-c", str(SEATS), "-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        with servers.process(command, env=env, log=sitting.log):
            yield env


@contextmanager
def _product(sitting: Sitting, address: str, database: str) -> Iterator[Mapping[str, str]]:
    """An orchestrator and a worker; the environment of whoever makes runs for them."""
    with sitting.home() as env, ExitStack() as stack:
        env = env | {"DATABASE_URL": database, "REDIS_URL": address, "CELERY_BROKER_URL": address}
        env = env | {"C_FORCE_ROOT": "1", "ABREAST_MAX_WORKERS": str(SEATS)}
        told = [sys.executable, "manage.py"]
        with servers.process([*told, "migrate", "--verbosity=0"], env=env, log=sitting.log) as migrating:
            migrating.wait(60)
        for words in (["orchestrate"], ["worker", "--seats", str(SEATS), "--name", "bench"]):
            stack.enter_context(servers.process([*told, *words], env=env, log=sitting.log))
        yield env
