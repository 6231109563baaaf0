"""How soon a thousand readers of one run see a change, on either server."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "sockets"
READERS = 1_000
SERVERS = ("daphne", "uvicorn")
CALM = ("--tasks", 60, "--seconds", 0.5)  # about twenty changes a second


def measure(sitting: Sitting) -> Iterator[Line]:
    told = {
        server: partial(sitting.run, "live", "html", "--readers", READERS, "--server", server, *CALM)
        for server in SERVERS
    }
    found = sitting.in_turn(told)
    for server in SERVERS:
        said, what = found[server], f"change to frame at {READERS:,} sockets, {server}"
        facts = {name: said[0][name] for name in ("readers", "events")}
        yield Line(NAME, f"{what}, median", "ms", sample(said, "median"), facts=facts)
        yield Line(NAME, f"{what}, p99", "ms", sample(said, "p99"), target=at_most(300, 200))
        yield Line(NAME, f"frames sent a second meanwhile, {server}", "/s", sample(said, "frames_per_second"))
        yield Line(NAME, f"CPU of the server meanwhile, {server}", "cores", sample(said, "server_cores"))
