"""How long the work of agents that died lies there until others have it."""

from collections.abc import Iterator
from functools import partial

from tests.bench import servers
from tests.bench.lines import Line, at_most
from tests.bench.sitting import Said, Sitting, sample

NAME = "reclaim"


def measure(sitting: Sitting) -> Iterator[Line]:
    with servers.postgres() as databases:

        def on_postgres() -> Said:
            return sitting.run("reclaim", env=databases.new())

        found = sitting.in_turn({"SQLite": partial(sitting.run, "reclaim"), "PostgreSQL": on_postgres})
    for database, said in found.items():
        what = f"last word of an agent to its work leased again, {database}"
        facts = {"deaths": said[0]["deaths"], "most_ms": said[0]["most"]}
        median = sample(said, lambda one: one["median"] / 1_000)
        p99 = sample(said, lambda one: one["p99"] / 1_000)
        yield Line(NAME, f"{what}, median", "s", median)
        yield Line(NAME, f"{what}, p99", "s", p99, target=at_most(16, 15.5), facts=facts)
