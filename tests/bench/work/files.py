"""A run of 10,000 subtasks as a file: how long each of them takes to be made, whole, in this process."""

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)
from django.test import Client  # noqa: E402

from runs import tokens  # noqa: E402
from runs.insight import kept  # noqa: E402
from runs.models import Run  # noqa: E402
from tests.bench.work import product  # noqa: E402

SIZE, TIMES = 10_000, 3
FILES = {
    "trace": "trace/",
    "report, JSON": "report/",
    "report, HTML": "report/?format=html",
    "report, CSV": "report/?format=csv",
    "badge": "badge.svg",
}


def whole(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def timed(get: Callable[[], Any]) -> dict[str, float]:
    seconds, size = [], 0
    for _ in range(TIMES):
        begun = time.perf_counter()
        answer = get()
        size = len(whole(answer))
        seconds.append(time.perf_counter() - begun)
        assert answer.status_code == 200, answer.status_code
    return {"seconds": median(seconds), "bytes": size}


def first_look(client: Client, run: int) -> Any:
    """Of a large run the page comes at once, and what it shows later: here all of it is waited for, and worked out."""
    kept._kept.clear()
    answer = client.get(f"/runs/{run}/insight/?now=1")
    assert b"Agents busy" in answer.content
    return answer


def main() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    product.carry_out(*product.no_ops(SIZE))
    client = Client(HTTP_HOST="localhost")
    client.force_login(tokens.owner())
    run = Run.objects.get().pk
    found = {name: timed(lambda path=path: client.get(f"/api/v1/runs/{run}/{path}")) for name, path in FILES.items()}  # type: ignore[misc]
    found["Insight page"] = timed(lambda: first_look(client, run))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
