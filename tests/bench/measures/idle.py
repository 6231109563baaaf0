"""What the server takes while nothing happens."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "idle"


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"idle": partial(sitting.run, "idle")})["idle"]
    alone = sample(said, lambda one: 100 * one["cores"])
    watched = sample(said, lambda one: 100 * one["watched_cores"])
    yield Line(NAME, "CPU while nothing happens", "%", alone, target=at_most(1, 0.3))
    yield Line(NAME, "… with a page of a run and the overview open", "%", watched, target=at_most(2, 0.6))
    memory = sample(said, lambda one: one["memory_bytes"] / 2**20)
    yield Line(NAME, "memory of the server", "MiB", memory, target=at_most(210, 120))
