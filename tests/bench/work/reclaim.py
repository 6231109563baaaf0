"""How long the work of an agent that died lies there: from its last word until another has leased it again."""

import argparse
import json
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)

from runs import tokens  # noqa: E402
from runs.models import Agent, Token  # noqa: E402
from tests.bench.work.callers import Caller, drive, post  # noqa: E402
from tests.bench.work.hot import make_run  # noqa: E402
from tests.bench.work.server import Server, serving, spread  # noqa: E402

RESCUERS = 8
GROUPS = 8  # of agents that die together, so that the sweep finds them at any time of its second
PAUSE_SECONDS = 0.37
LIMIT_SECONDS = 60.0


def doomed(token: str, name: str, run: int, last: dict[str, float]) -> Caller:
    """Leases, says that it is at it, and is never heard of again."""
    answer = yield post("/api/v1/leases/", {"agent": name, "run": str(run), "wait_seconds": 20}, token)
    [lease] = json.loads(answer.body)["leases"]
    said = time.perf_counter()
    answer = yield post(f"/api/v1/attempts/{lease['attempt']}/heartbeat/", {"epoch": lease["epoch"]}, token)
    assert answer.status == 200, answer
    last[lease["subtask"]["key"]] = said


def rescuer(token: str, name: str, run: int, last: dict[str, float], took: dict[str, float]) -> Caller:
    """Takes what the dead left behind, until it has been taken."""
    request = post("/api/v1/leases/", {"agent": name, "run": str(run), "wait_seconds": 5}, token)
    while len(took) < len(last):
        answer = yield request
        for lease in json.loads(answer.body)["leases"]:
            key = lease["subtask"]["key"]
            if key in last:
                took.setdefault(key, time.perf_counter() - last[key])


def die(server: Server, token: str, names: list[str], run: int) -> list[float]:
    """Seconds for each of them."""
    last: dict[str, float] = {}
    took: dict[str, float] = {}
    for at in range(GROUPS):
        drive(server, [doomed(token, name, run, last) for name in names[at::GROUPS]], LIMIT_SECONDS, warm=0)
        time.sleep(PAUSE_SECONDS)
    rescuers = [rescuer(token, f"rescuer-{at}", run, last, took) for at in range(RESCUERS)]
    drive(server, rescuers, LIMIT_SECONDS, warm=0)
    assert took.keys() == last.keys(), f"{len(took)} of {len(last)} were taken again"
    return list(took.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deaths", type=int, default=120)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    token = tokens.make(tokens.owner(), "bench", scope="agent")
    number = Token.objects.values_list("pk", flat=True).get(digest=tokens.digest(token))
    names = [f"doomed-{at}" for at in range(options.deaths)]
    everybody = [*names, *(f"rescuer-{at}" for at in range(RESCUERS))]
    Agent.objects.bulk_create(Agent(name=name, kind="agent", token_id=number, depth=1) for name in everybody)
    run = make_run(options.deaths).pk
    with serving() as server:
        seconds = die(server, token, names, run)
    print(json.dumps(spread(seconds) | {"most": 1_000 * max(seconds), "deaths": len(seconds)}))


if __name__ == "__main__":
    main()
