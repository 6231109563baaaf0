"""Posts of agents whose work others have done by now: all must be refused, and change nothing."""

import argparse
import hashlib
import json
from collections import Counter
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)

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


def state() -> str:
    """A digest of all that reports can change. What is estimated goes past the log, and is left out."""
    rows: list[Any] = []
    for model in (Run, Subtask, Attempt, Event):
        names = [field.attname for field in model._meta.concrete_fields if not field.attname.startswith("eta")]
        rows += model.objects.order_by("pk").values_list(*names)
    return hashlib.sha256(repr(rows).encode()).hexdigest()


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
        before = state()
        each = -(-options.posts // CLIENTS)
        drive(server, [zombie(product.token, attempt, each, statuses) for attempt in lost], LIMIT_SECONDS, warm=0)
        changed = int(state() != before)
    told = {"posts": statuses.total(), "refused": statuses[409], "changed": changed}
    print(json.dumps(told | {"wrong": statuses.total() - statuses[409] + changed}))


if __name__ == "__main__":
    main()
