"""How soon readers see a change: many sockets on one run, from the time that an event bears to the frame with it."""

import argparse
import asyncio
import json
import re
import resource
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

import django

django.setup()

from asgiref.sync import sync_to_async  # noqa: E402  (these need the settings)
from django.core.management import call_command  # noqa: E402
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402

from runs import tokens  # noqa: E402
from runs.models import Event, Run  # noqa: E402
from tests.bench.seed import simulated  # noqa: E402
from tests.bench.work.server import HOST, Asking, Server, spread, up  # noqa: E402

TASK_SECONDS = 0.12  # over what is run in place: each start and each end is a change of its own
LINGER_SECONDS = 1.0
AT_A_TIME = 50  # sockets that are opened together
FILES = 200  # that each process has open beside its sockets
MARK = re.compile(r'id="frame" hidden data-seq="(\d+)"')


@dataclass
class Reader:
    """What came to one socket: up to which event, and when."""

    seqs: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def seen_at(self, seq: int) -> float:
        """When it first knew of this event. Raises IndexError if it never did."""
        return self.times[bisect_left(self.seqs, seq)]


class Reading:
    """All the readers. They get the same texts: each is looked into once, and after its time was taken."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._known: dict[str, int] = {}
        self.frames = 0

    async def follow(self, socket: ClientConnection, reader: Reader) -> None:
        async for text in socket:
            now = time.time()
            assert isinstance(text, str)
            if text not in self._known:
                self._known[text] = self._seq_of(text)
            self.frames += 1
            reader.seqs.append(self._known[text])
            reader.times.append(now)

    def _seq_of(self, text: str) -> int:
        if self._kind == "html":
            found = MARK.search(text)
            assert found
            return int(found[1])
        said = json.loads(text)
        return int(said["events"][-1]["seq"] if said["type"] == "events" else said["from_seq"])


async def watch(server: Server, todo: int, kind: str, readers: int) -> dict[str, Any]:
    """Starts a run of it, opens the sockets, and waits until it has ended."""
    _, said = Asking(server.port, server.authorization).ask(f"/api/v1/todos/{todo}/run/", "POST", b"{}")
    run = int(json.loads(said)["id"])
    address = f"ws://{HOST}:{server.port}/ws/runs/{run}/?format={kind}"
    reading, all_of_them = Reading(kind), [Reader() for _ in range(readers)]
    sockets = await opened(address, server.authorization, readers)
    tasks = [asyncio.create_task(reading.follow(*pair)) for pair in zip(sockets, all_of_them)]
    while not all(reader.seqs for reader in all_of_them):
        await asyncio.sleep(0.01)
    begun, cpu, frames = time.time(), server.cpu_seconds(), reading.frames
    while (await sync_to_async(Run.objects.get)(pk=run)).finished_at is None:
        await asyncio.sleep(0.5)
    await asyncio.sleep(LINGER_SECONDS)
    seconds, cpu = time.time() - begun, server.cpu_seconds() - cpu
    for task, socket in zip(tasks, sockets):
        task.cancel()
        await socket.close()
    events = await sync_to_async(_events)(run, begun)
    return delays(events, all_of_them) | {
        "readers": readers,
        "changes_per_second": len(events) / (seconds - LINGER_SECONDS),
        "frames_per_second": (reading.frames - frames) / seconds,
        "server_cores": cpu / seconds,
    }


async def opened(address: str, headers: dict[str, str], count: int) -> list[ClientConnection]:
    found: list[ClientConnection] = []
    while len(found) < count:
        some = min(AT_A_TIME, count - len(found))
        made = (connect(address, additional_headers=headers, compression=None) for _ in range(some))
        found += await asyncio.gather(*made)
    return found


def _events(run: int, since: float) -> list[tuple[int, float]]:
    rows = Event.objects.filter(run=run).order_by("seq").values_list("seq", "at")
    return [(seq, at.timestamp()) for seq, at in rows if at.timestamp() >= since]


def delays(events: list[tuple[int, float]], readers: list[Reader]) -> dict[str, Any]:
    """Of every event at every reader; a reader that never heard of one ends the program."""
    found = [reader.seen_at(seq) - at for reader in readers for seq, at in events]
    assert found, "nothing happened while they watched"
    return spread(found) | {"most": 1_000 * max(found), "events": len(events)}


def _allow_files(count: int) -> None:
    """As many files as sockets, for this process and the server it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["html", "json"])
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=TASK_SECONDS, help="what a subtask takes")
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    options = parser.parse_args()
    _allow_files(options.readers + FILES)
    call_command("migrate", verbosity=0, interactive=False)
    needs: dict[str, list[str]] = {f"t{number}": [] for number in range(options.tasks)}
    todo = simulated(tokens.owner(), needs, seconds=options.seconds)
    with up(SERVER=options.server) as server:
        print(json.dumps(asyncio.run(watch(server, todo.pk, options.kind, options.readers))))


if __name__ == "__main__":
    main()
