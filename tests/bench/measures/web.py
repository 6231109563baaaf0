"""What a second web process at the same address brings, on either server, for everything that agents and people ask
all the time; on PostgreSQL."""

from collections.abc import Iterator
from functools import partial

from tests.bench import servers
from tests.bench.lines import Line, Sample
from tests.bench.measures import hot
from tests.bench.sitting import Said, Sitting, sample

NAME = "web"
CLIENTS = max(hot.CLIENTS)
WHAT = {
    "single": ("heartbeats", 1),
    "batches": (f"reports, {hot.BATCH} a request", hot.BATCH),
    "leasing": ("leases and completions", 1),
    "looking": ("reads of progress", 1),
}
SERVERS = ("daphne", "uvicorn")


def measure(sitting: Sitting) -> Iterator[Line]:
    with servers.postgres() as databases, servers.redis(sitting) as redis_port:
        shared = {"REDIS_URL": f"redis://127.0.0.1:{redis_port}/0"}

        def asked(server: str, web: int) -> Said:
            told = ("--server", server, "--web", web, "--clients", CLIENTS)
            return sitting.run("hot", *WHAT, *told, env=databases.new() | shared)

        found = sitting.in_turn({f"{one} {web}": partial(asked, one, web) for one in SERVERS for web in (1, 2)})
    for server in SERVERS:
        for what, (words, times) in WHAT.items():
            one, two = (_figure(found, f"{server} {web}", what, "per_second", times) for web in (1, 2))
            yield Line(NAME, f"{words}, {CLIENTS} clients, two on {server}", "/s", two, "one", one)
            tail = _figure(found, f"{server} 1", what, "p99")
            yield Line(NAME, f"{words}, {CLIENTS} clients, one on {server}, p99", "ms", tail)
            cpu = _figure(found, f"{server} 1", what, "cpu", 1 / times)
            yield Line(NAME, f"{words}, one on {server}, CPU of it for each", "µs", cpu)


def _figure(found: hot.Found, server: str, what: str, part: str, times: float = 1) -> Sample:
    return sample(found[server], lambda said: times * float(said[f"{what} {CLIENTS}"][part]))
