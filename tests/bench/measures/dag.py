"""How close real dependencies come to the lower bound: ten layers of a hundred 10 ms naps on four agents."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, Sample, at_most
from tests.bench.sitting import Sitting, sample
from tests.bench.work import graph

NAME = "dag"


def measure(sitting: Sitting) -> Iterator[Line]:
    found = sitting.in_turn(
        {
            "threads": partial(sitting.run, "threads", "graph"),
            "NORMAL": partial(sitting.run, "threads", "graph", "--synchronous", "NORMAL"),
            "product": partial(sitting.run, "product", "graph"),
        }
    )
    bound = Sample([graph.LOWER_BOUND_SECONDS])
    ours, what = sample(found["product"], "seconds"), "makespan, made, run and recorded"
    yield Line(NAME, what, "s", ours, "lower bound", bound, at_most(1.08, 1.035))
    running = sample(found["product"], "running_seconds")
    yield Line(NAME, "makespan (made before)", "s", running, "lower bound", bound)
    yield Line(NAME, what, "s", ours, "floor: threads, in memory", sample(found["threads"], "seconds"))
    yield Line(NAME, what, "s", ours, "floor: threads + SQLite, NORMAL", sample(found["NORMAL"], "seconds"))
