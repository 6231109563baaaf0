"""Abreast on Celery and PostgreSQL: makes a run of no-op subtasks and waits until its counters say that all is done."""

import argparse
import json
import time
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402  (these need the settings)

from runs import actions, announce, tokens  # noqa: E402
from runs.models import Attempt, Run  # noqa: E402
from runs.verify import verify  # noqa: E402
from tests.bench.seed import simulated  # noqa: E402

LOOK_SECONDS = 0.02


def carry_out(tasks: int, backend: str, agents: int) -> dict[str, Any]:
    todo = simulated(tokens.owner(), {f"t{number}": [] for number in range(tasks)}, seconds=0)
    begun = time.perf_counter()
    run = actions.start(todo, actions.Options(backend=backend, strategy="parallel", max_agents=agents))
    made = time.perf_counter()
    wait(run.pk)
    ended = time.perf_counter()
    return {
        "tasks": tasks,
        "seconds": ended - begun,
        "making_seconds": made - begun,
        "running_seconds": ended - made,
        "lost": tasks - Attempt.objects.filter(run=run, status="succeeded").count(),
        "attempts": Attempt.objects.filter(run=run).count(),
        "violations": sum(finding.count for finding in verify(None, timezone.now())),
    }


def wait(run_id: int) -> None:
    rows = Run.objects.filter(pk=run_id).values_list("status", "completed", "total")
    while (found := rows.get()) != ("completed", found[2], found[2]):
        time.sleep(LOOK_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--backend", default="celery")
    parser.add_argument("--agents", type=int, default=16)
    options = parser.parse_args()
    announce.herald.start()
    carry_out(1, options.backend, 1)  # the worker is up
    print(json.dumps(carry_out(options.tasks, options.backend, options.agents)))


if __name__ == "__main__":
    main()
