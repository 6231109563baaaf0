"""How soon fifty readers of one run see a change, on the server as people start it."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "live"
READERS = 50
# The bounds leave room for the pace: ten frames a second for browsers, fifty for programs.
MOST_MS = {
    "html": {"median": at_most(75, 60), "p99": at_most(150, 125)},
    "json": {"median": at_most(30, 15), "p99": at_most(100, 50)},
}


def measure(sitting: Sitting) -> Iterator[Line]:
    found = sitting.in_turn({kind: partial(sitting.run, "live", kind, "--readers", READERS) for kind in MOST_MS})
    for kind, bounds in MOST_MS.items():
        said, what = found[kind], f"{kind}: change to frame at {READERS} readers"
        for part, target in bounds.items():
            facts = {name: said[0][name] for name in ("readers", "events")}
            yield Line(NAME, f"{what}, {part}", "ms", sample(said, part), target=target, facts=facts)
        yield Line(NAME, f"{kind}: changes a second meanwhile", "/s", sample(said, "changes_per_second"))
        yield Line(NAME, f"{kind}: frames sent a second meanwhile", "/s", sample(said, "frames_per_second"))
        yield Line(NAME, f"{kind}: CPU of the server meanwhile", "cores", sample(said, "server_cores"))
