"""What the server takes while nothing happens: alone, and with a page of a run that waits and the overview open."""

import argparse
import asyncio
import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)
from websockets.asyncio.client import connect  # noqa: E402

from runs import tokens  # noqa: E402
from tests.bench.noise import tree_cpu_seconds  # noqa: E402
from tests.bench.seed import tree  # noqa: E402
from tests.bench.work.server import HOST, Asking, Server, up  # noqa: E402

SETTLE_SECONDS = 5.0


async def cores(server: Server, seconds: float) -> float:
    """How much of a core its processes take."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = tree_cpu_seconds(server.process)
    await asyncio.sleep(seconds)
    return (tree_cpu_seconds(server.process) - before) / seconds


async def watched(server: Server, run: int, seconds: float) -> float:
    """The same while a page shows the run and another the overview."""
    paths = (f"/ws/runs/{run}/?format=html", "/ws/overview/?format=html")
    addresses = [f"ws://{HOST}:{server.port}{path}" for path in paths]
    async with (
        connect(addresses[0], additional_headers=server.authorization),
        connect(addresses[1], additional_headers=server.authorization),
    ):
        return await cores(server, seconds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    call_command("migrate", verbosity=0, interactive=False)
    todo = tree(tokens.owner(), {"outside": {"executor": None}}, {})
    with up() as server:
        _, said = Asking(server.port, server.authorization).ask(f"/api/v1/todos/{todo.pk}/run/", "POST", b"{}")
        run = int(json.loads(said)["id"])
        alone = asyncio.run(cores(server, seconds))
        seen = asyncio.run(watched(server, run, seconds))
        print(json.dumps({"cores": alone, "watched_cores": seen, "memory_bytes": server.memory()}))


if __name__ == "__main__":
    main()
