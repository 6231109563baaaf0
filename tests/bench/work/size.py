"""Whether reading grows with the run: the same requests about one of ten subtasks and one of ten thousand, in turn."""

import argparse
import json
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)

from runs import actions, announce, tokens  # noqa: E402
from runs.models import Run  # noqa: E402
from runs.orchestrating import orchestrator  # noqa: E402
from tests.bench.seed import tree  # noqa: E402
from tests.bench.work.server import Asking, Server, cookie_of_owner, spread, up  # noqa: E402

WARM = 20
PATHS = {
    "progress": "/api/v1/runs/{run}/progress/",
    "page": "/runs/{run}/",
    "table": "/runs/{run}/subtasks/",
    "frame": "/runs/{run}/frame/?since=1",
}


def half_done(subtasks: int) -> Run:
    """A run that has come to rest half-way: what is left needs one that only an outside agent could do."""
    keys = ["gate", *(f"t{number}" for number in range(subtasks - 1))]
    specs = {key: {"executor": None if key == "gate" else {"name": "simulate", "seconds": 0}} for key in keys}
    todo = tree(tokens.owner(), specs, {key: ["gate"] for key in keys[subtasks // 2 + 1 :]})
    run = actions.start(todo, actions.Options(strategy="parallel"))
    deadline = time.monotonic() + 120
    while (mark := announce.mark()) is not None and time.monotonic() < deadline:
        run.refresh_from_db()
        if run.completed == subtasks // 2:
            return run
        announce.wait(run.pk, mark, 1.0)
    raise RuntimeError(f"only {run.completed} of {subtasks} were completed")


def ask_in_turn(server: Server, runs: dict[int, Run], name: str, requests: int) -> dict[str, dict[str, float]]:
    asking = Asking(server.port, cookie_of_owner(server.port) | (server.authorization if name == "progress" else {}))
    paths = {size: PATHS[name].format(run=run.pk) for size, run in runs.items()}
    found: dict[int, list[float]] = {size: [] for size in runs}
    for number in range(requests + WARM):
        for size, path in paths.items():
            seconds, _ = asking.ask(path)
            if number >= WARM:
                found[size].append(seconds)
    return {str(size): spread(seconds) for size, seconds in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    orchestrator.start()
    runs = {size: half_done(size) for size in options.sizes}
    orchestrator.stop()
    with up() as server:
        found = {name: ask_in_turn(server, runs, name, options.requests) for name in PATHS}
        print(json.dumps(found | {"memory_bytes": server.memory()}))


if __name__ == "__main__":
    main()
