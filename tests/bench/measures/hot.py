"""What agents ask for most, of all that can serve it: runs the program of that name in turn, and names its figures."""

from collections.abc import Callable, Sequence
from functools import partial

from tests.bench import servers
from tests.bench.lines import Sample
from tests.bench.sitting import Said, Sitting, sample

CLIENTS = (1, 8, 32)
BATCH = 100
UVICORN, DAPHNE, POSTGRES = "SQLite, uvicorn", "SQLite, daphne", "PostgreSQL, web + orchestrate"
NORMAL, FULL, FLOOR_POSTGRES = "floor: SQLite, NORMAL", "floor: SQLite, FULL", "floor: PostgreSQL"
# What the judged floor of each is: synced as often as it is, or (SQLite, as for `orchestrate`) at checkpoints only.
FLOORS = {UVICORN: NORMAL, DAPHNE: NORMAL, POSTGRES: FLOOR_POSTGRES}
Found = dict[str, list[Said]]


def in_turn(sitting: Sitting, what: Sequence[str]) -> Found:
    """Everything that serves it, the floors too; each on a database of its own."""
    with servers.postgres() as databases, servers.redis(sitting) as redis_port:
        shared = {"REDIS_URL": f"redis://127.0.0.1:{redis_port}/0"}

        def on_postgres(*options: str) -> Said:
            return sitting.run("hot", *what, *options, env=databases.new() | shared)

        programs: dict[str, Callable[[], Said]] = {
            UVICORN: partial(sitting.run, "hot", *what, "--server", "uvicorn"),
            DAPHNE: partial(sitting.run, "hot", *what, "--server", "daphne"),
            POSTGRES: partial(on_postgres, "--server", "uvicorn"),
            NORMAL: partial(sitting.run, "hot", *what, "--floor", "NORMAL"),
            FULL: partial(sitting.run, "hot", *what, "--floor", "FULL"),
            FLOOR_POSTGRES: partial(on_postgres, "--floor", "FULL"),
        }
        return sitting.in_turn(programs)


def figure(found: Found, server: str, what: str, clients: int, part: str, times: float = 1) -> Sample:
    """`what` with so many clients, of that server."""
    return sample(found[server], lambda said: times * float(said[f"{what} {clients}"][part]))
