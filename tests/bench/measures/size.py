"""Whether reading grows with the run: 10,000 subtasks beside 10, over HTTP, from the server as people start it."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, Target, at_most
from tests.bench.sitting import Said, Sitting, sample

NAME = "size"
SMALL, LARGE = 10, 10_000
WHAT = {
    "progress": "progress by REST",
    "page": "run page",
    "table": "first page of its subtasks",
    "frame": "frame of the run page",
}
# What the answer may take: with the server's own overhead, which is the same for every answer.
MOST_MS = {"progress": at_most(10, 5), "page": at_most(50, 25), "table": at_most(50, 25), "frame": at_most(50, 25)}


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"both": partial(sitting.run, "size", SMALL, LARGE)})["both"]
    for name, what in WHAT.items():
        yield from _lines(said, name, what, MOST_MS[name])
    memory = sample(said, lambda one: one["memory_bytes"] / 2**20)
    yield Line(NAME, "memory of the server after that", "MiB", memory, target=at_most(210, 120))


def _lines(said: list[Said], name: str, what: str, most: Target) -> Iterator[Line]:
    def figure(size: int, part: str) -> partial:
        return partial(_read, name=name, size=str(size), part=part)

    small, large = (sample(said, figure(size, "median")) for size in (SMALL, LARGE))
    yield Line(NAME, f"{what}, {LARGE:,} subtasks", "ms", large, f"{SMALL} subtasks", small, at_most(1.5, 1.2))
    yield Line(NAME, f"{what}, {LARGE:,} subtasks", "ms", large, target=most)
    tail, other = (sample(said, figure(size, "p99")) for size in (LARGE, SMALL))
    yield Line(NAME, f"{what}, {LARGE:,} subtasks, p99", "ms", tail, f"{SMALL} subtasks", other)


def _read(said: Said, *, name: str, size: str, part: str) -> float:
    return float(said[name][size][part])
