"""Abreast itself: the embedded backend in this process, with the product's own settings, everything recorded."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)
from django.db.models import Max  # noqa: E402
from django.utils import timezone  # noqa: E402

from runs import actions, announce, tokens  # noqa: E402
from runs.estimating.live import Estimator  # noqa: E402
from runs.models import Attempt, Run  # noqa: E402
from runs.orchestrating import orchestrator  # noqa: E402
from runs.verify import verify  # noqa: E402
from tests.bench.seed import simulated  # noqa: E402
from tests.bench.work import graph  # noqa: E402


def no_ops(tasks: int) -> tuple[Mapping[str, list[str]], float]:
    return {f"t{number}": [] for number in range(tasks)}, 0


def carry_out(needs: Mapping[str, list[str]], task_seconds: float) -> dict[str, Any]:
    """Makes a run of these and waits until its counters say that all is done."""
    todo = simulated(tokens.owner(), needs, seconds=task_seconds)
    orchestrator.start()
    cpu, begun = time.process_time(), time.perf_counter()
    run = actions.start(todo, actions.Options(strategy="parallel", max_agents=graph.AGENTS))
    made = time.perf_counter()
    wait(run.pk)
    ended, known_at = time.perf_counter(), timezone.now()
    cpu = time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    orchestrator.stop()
    last_end = Attempt.objects.filter(run=run).aggregate(last=Max("finished_at"))["last"]
    return {
        "tasks": len(needs),
        "seconds": ended - begun,
        "making_seconds": made - begun,
        "running_seconds": ended - made,
        "cpu_seconds": cpu,
        "known_after_seconds": (known_at - last_end).total_seconds(),
        "peak_bytes": memory,
        "lost": len(needs) - Attempt.objects.filter(run=run, status="succeeded").count(),
        "violations": sum(finding.count for finding in verify(None, timezone.now())),
    }


def wait(run_id: int) -> None:
    """Until its counters say that all is done."""
    rows = Run.objects.filter(pk=run_id).values_list("status", "completed", "total")
    while True:
        mark = announce.mark()
        status, completed, total = rows.get()
        if status == "completed" and completed == total:
            return
        announce.wait(run_id, mark, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["no-ops", "graph"])
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--unestimated", action="store_true", help="without the estimator of when it is over")
    options = parser.parse_args()
    if options.unestimated:
        Estimator.turn = lambda self: False  # type: ignore[method-assign]
    call_command("migrate", verbosity=0, interactive=False)
    work = no_ops(options.tasks) if options.what == "no-ops" else (graph.layered(), graph.TASK_SECONDS)
    print(json.dumps(carry_out(*work)))


if __name__ == "__main__":
    main()
