"""What everything around a subtask costs: no-op subtasks on four agents, beside bare Celery and the physical floors."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from tests.bench import servers
from tests.bench.lines import Line, Sample, at_least, at_most
from tests.bench.sitting import Said, Sitting, sample

SIZES = (1_000, 5_000)
NAME = "orchestrate"
POOLS = ("prefork", "threads")
FLOORS = {
    "floor: threads + SQLite, NORMAL": ("--synchronous", "NORMAL"),
    "floor: threads + SQLite, FULL": ("--synchronous", "FULL"),
    "floor: threads, nothing kept": (),
}
Results = dict[str, list[Said]]


def measure(sitting: Sitting) -> Iterator[Line]:
    with ExitStack() as stack:
        redis_port = stack.enter_context(servers.redis(sitting))
        workers = {
            pool: stack.enter_context(servers.celery_worker(sitting, redis_port, pool, number))
            for number, pool in enumerate(POOLS)
        }
        found = {}
        for size in SIZES:
            turn = {"product": partial(sitting.run, "product", "no-ops", "--tasks", size)}
            turn |= {
                floor: partial(sitting.run, "threads", "no-ops", "--tasks", size, *kept)
                for floor, kept in FLOORS.items()
            }
            turn |= {pool: partial(sitting.run, "celery_group", "--tasks", size, env=workers[pool]) for pool in POOLS}
            found[size] = sitting.in_turn(turn)
    for size in SIZES:
        yield from _throughput(size, found[size])
    yield from _quality(found)


def _throughput(size: int, found: Results) -> Iterator[Line]:
    ours = sample(found["product"], _per_second)
    what = f"{size:,} no-op subtasks, made, run and recorded"
    for pool in POOLS:
        theirs = sample(found[pool], _per_second)
        yield Line(NAME, what, "/s", ours, f"Celery {pool} 4, group", theirs, at_least(4, 10))
    for floor in FLOORS:
        target = at_least(0.2, 0.5) if floor.endswith("NORMAL") else None
        yield Line(NAME, what, "/s", ours, floor, sample(found[floor], _per_second), target)
    running = sample(found["product"], lambda said: size / said["running_seconds"])
    yield Line(NAME, f"{size:,}: run and recorded (made before)", "/s", running)


def _quality(found: dict[int, Results]) -> Iterator[Line]:
    small, large = SIZES
    few, many = found[small]["product"], found[large]["product"]
    yield Line(
        NAME,
        f"time per subtask at {large:,}",
        "ms",
        sample(many, lambda said: 1_000 / _per_second(said)),
        f"at {small:,}",
        sample(few, lambda said: 1_000 / _per_second(said)),
        at_most(1.15, 1.0),
    )
    overhead = sample(many, lambda said: 1_000_000 * said["cpu_seconds"] / said["tasks"])
    yield Line(NAME, f"CPU per subtask at {large:,}", "µs", overhead)
    known = sample(many, lambda said: 1_000 * said["known_after_seconds"])
    yield Line(NAME, "last end to counts right", "ms", known, target=at_most(100, 20))
    every = few + many
    wrong = Sample([said["lost"] + said["violations"] for said in every])
    yield Line(NAME, "subtasks lost, invariants violated", "", wrong, target=at_most(0, 0))
    # Bounds: 0.35 and 0.2 of what Prefect's server and flow took for the same work.
    memory = sample(many, lambda said: said["peak_bytes"] / 2**20)
    yield Line(NAME, f"peak memory at {large:,}", "MiB", memory, target=at_most(210, 120))


def _per_second(said: Said) -> float:
    return float(said["tasks"] / said["seconds"])
