"""Posts of agents whose work others have done by now: all must be refused, and change nothing."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)

from runs.engine import states  # noqa: E402
from runs.models import Attempt, Event, Run, Subtask  # noqa: E402
from tests.bench.work.callers import Caller, drive, post  # noqa: E402
from tests.bench.work.hot import Product  # noqa: E402
from tests.bench.work.server import serving  # noqa: E402

CLIENTS = 32
SAID: dict[str, dict[str, Any]] = {
    "heartbeat": {"progress": 0.9},
    "complete": {"result": {"mine": True}},
    "fail": {"error": "no"},
    "release": {},
}
LIMIT_SECONDS = 280.0


def zombie(token: str, attempt: str, posts: int, statuses: Counter[int]) -> Caller:
    """Says everything it can about the attempt it lost, over and over."""
    for at in range(posts):
        verb = list(SAID)[at % len(SAID)]
        answer = yield post(f"/api/v1/attempts/{attempt}/{verb}/", {"epoch": 1, **SAID[verb]}, token)
        statuses[answer.status] += 1


def state() -> dict[tuple[str, Any], tuple[Any, ...]]:
    """Every row that reports can change. What is estimated goes past the log, and is left out."""
    rows: dict[tuple[str, Any], tuple[Any, ...]] = {}
    for model in (Run, Subtask, Attempt, Event):
        names = [field.attname for field in model._meta.concrete_fields if not field.attname.startswith("eta")]
        rows |= {(model.__name__, row[0]): row[1:] for row in model.objects.values_list("pk", *names)}
    return rows


def differing(before: Mapping[tuple[str, Any], Any], after: Mapping[tuple[str, Any], Any]) -> list[str]:
    """The rows that were changed, made or deleted. All attempts have ended, so no time that comes changes any."""
    return [
        f"{name} {pk}" for name, pk in before.keys() | after.keys() if before.get((name, pk)) != after.get((name, pk))
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=10_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    product = Product(["single"], clients=(CLIENTS,))
    statuses: Counter[int] = Counter()
    with serving() as server:
        product.port = server.port
        lost = product.leased_anew(CLIENTS)
        product.end()  # or the leases of those others would run out meanwhile
        assert not Attempt.objects.filter(status__in=states.ATTEMPT_OPEN).exists()
        before = state()
        each = -(-options.posts // CLIENTS)
        drive(server, [zombie(product.token, attempt, each, statuses) for attempt in lost], LIMIT_SECONDS, warm=0)
        changed = differing(before, state())
    told = {"posts": statuses.total(), "refused": statuses[409], "changed": len(changed), "which": changed[:9]}
    print(json.dumps(told | {"wrong": statuses.total() - statuses[409] + len(changed)}))


if __name__ == "__main__":
    main()
