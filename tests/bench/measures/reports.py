"""How many reports a second the server takes, one a request or a hundred, beside a bare application that keeps them."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, Target, at_least, at_most
from tests.bench.measures import hot
from tests.bench.sitting import Sitting, sample

NAME = "reports"
# Of the bare application: the hard floors are for uvicorn, which carries them.
RATES = {"single": at_least(0.35, 0.65), "batches": at_least(0.5, 0.75)}
TAIL = at_most(4, 2)
WHAT = {"single": ("single reports", 1), "batches": (f"reports, {hot.BATCH} a request", hot.BATCH)}


def measure(sitting: Sitting) -> Iterator[Line]:
    found = hot.in_turn(sitting, list(WHAT))
    for what in WHAT:
        for server, floor in hot.FLOORS.items():
            for clients in hot.CLIENTS:
                yield _rate(found, what, server, floor, clients)
        yield from _one_server(found, what)
    stale = sitting.in_turn({"stale": partial(sitting.run, "stale")})["stale"]
    facts = {name: stale[0][name] for name in ("posts", "refused", "changed")}
    wrong = sample(stale, "wrong")
    yield Line(NAME, f"of {stale[0]['posts']:,} stale posts: not refused", "", wrong, target=at_most(0, 0), facts=facts)


def _rate(found: hot.Found, what: str, server: str, floor: str, clients: int) -> Line:
    words, times = WHAT[what]
    ours, theirs = (hot.figure(found, one, what, clients, "per_second", times) for one in (server, floor))
    target: Target | None = RATES[what] if server == hot.UVICORN and clients == max(hot.CLIENTS) else None
    return Line(NAME, f"{words}, {clients} clients, {server}", "/s", ours, floor, theirs, target)


def _one_server(found: hot.Found, what: str) -> Iterator[Line]:
    """How long answers take, and what they cost, with all the clients."""
    (words, times), most = WHAT[what], max(hot.CLIENTS)
    for part, unit, target in (("p99", "ms", TAIL if what == "single" else None), ("cpu", "µs", None)):
        scale = 1 / times if part == "cpu" else 1
        ours, theirs = (hot.figure(found, one, what, most, part, scale) for one in (hot.UVICORN, hot.NORMAL))
        told = "CPU of the server for each" if part == "cpu" else "p99"
        yield Line(NAME, f"{words}, {most} clients, {told}", unit, ours, hot.NORMAL, theirs, target)
