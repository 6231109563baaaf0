"""How soon a new installation is there, and how soon it is there again."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "start"


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"start": partial(sitting.run, "start")})["start"]
    yield Line(NAME, "new home, to the first page", "s", sample(said, "page_seconds"), target=at_most(5, 2.5))
    facts = {name: said[0][name] for name in ("status", "completed", "total")}
    ended = sample(said, "run_seconds")
    yield Line(NAME, "new home, to the end of its first run", "s", ended, target=at_most(30, 10), facts=facts)
    yield Line(NAME, "started again, to the first page", "s", sample(said, "again_seconds"), target=at_most(2, 1))
