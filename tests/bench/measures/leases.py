"""How many leases and completions a second the server gives and takes, beside a bare application that does as much."""

from collections.abc import Iterator

from tests.bench.lines import Line
from tests.bench.measures import hot
from tests.bench.sitting import Sitting

NAME = "leases"


def measure(sitting: Sitting) -> Iterator[Line]:
    found = hot.in_turn(sitting, ["leasing"])
    for server, floor in hot.FLOORS.items():
        for clients in hot.CLIENTS:
            ours, theirs = (hot.figure(found, one, "leasing", clients, "per_second") for one in (server, floor))
            what = f"leases and completions, {clients} agents, {server}"
            yield Line(NAME, what, "/s", ours, floor, theirs)
    most = max(hot.CLIENTS)
    for part, unit, told in (("p99", "ms", "p99"), ("cpu", "µs", "CPU of the server for each")):
        ours, theirs = (hot.figure(found, one, "leasing", most, part) for one in (hot.UVICORN, hot.NORMAL))
        yield Line(NAME, f"leases and completions, {most} agents, {told}", unit, ours, hot.NORMAL, theirs)
