"""Whether short tool calls are worth a run: the session paper's workloads beside a plain loop."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "session"
BOUNDS = {"globs": (1.0, 0.7), "greps": (1.0, 0.7), "mixed": (1.0, 0.8), "heavy": (0.8, 0.6)}


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"session": partial(sitting.run, "session")})["session"]
    for name, bounds in BOUNDS.items():
        ours, theirs = (
            sample(said, lambda one, name=name, side=side: 1_000 * one[name][side])  # type: ignore[misc]
            for side in ("run", "loop")
        )
        what = f"{said[0][name]['calls']} calls: {name}"
        yield Line(NAME, what, "ms", ours, "plain loop", theirs, at_most(*bounds))
