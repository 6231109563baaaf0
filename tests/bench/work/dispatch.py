"""Abreast dispatches graphs with wrong estimates for real, one after the other, and is held against the simulation."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)
from django.utils import timezone  # noqa: E402

from runs import actions, tokens  # noqa: E402
from runs.models import Attempt, Run  # noqa: E402
from runs.orchestrating import orchestrator  # noqa: E402
from runs.verify import verify  # noqa: E402
from tests.bench.seed import tree  # noqa: E402
from tests.bench.work import uncertain  # noqa: E402
from tests.bench.work.product import wait  # noqa: E402
from todos.models import Todo  # noqa: E402


def todo_of(graph: uncertain.Graph) -> Todo:
    """It says what is estimated; `simulate` takes what it takes."""
    keys = [f"t{task}" for task in range(graph.actual.size)]
    specs = {
        key: {"estimated_seconds": told, "executor": {"name": "simulate", "seconds": taken}}
        for key, told, taken in zip(keys, graph.estimated.durations, graph.actual.durations)
    }
    needs = {key: [keys[before] for before in preds] for key, preds in zip(keys, graph.actual.preds)}
    return tree(tokens.owner(), specs, needs)


def carry_out(graph: uncertain.Graph) -> dict[str, float]:
    """One run; `seconds` from the call that makes it until its counters say that all is done."""
    todo = todo_of(graph)
    begun = time.perf_counter()
    made = actions.start(todo, actions.Options(strategy="parallel", max_agents=uncertain.AGENTS))
    wait(made.pk)
    seconds = time.perf_counter() - begun
    run = Run.objects.get(pk=made.pk)
    assert run.started_at and run.finished_at
    listed = graph.listed_seconds()
    inside = (run.finished_at - run.started_at).total_seconds()
    return {"seconds": seconds, "run_seconds": inside, "listed_seconds": listed}


def carry_out_all(graphs: list[uncertain.Graph]) -> dict[str, Any]:
    orchestrator.start()
    carry_out(graphs[0])  # threads and connections are made once
    cpu = time.process_time()
    found = [carry_out(graph) for graph in graphs]
    cpu = time.process_time() - cpu
    orchestrator.stop()
    runs = Run.objects.count()
    return {
        "graphs": found,
        "cpu_seconds": cpu,
        "lost": sum(graph.actual.size for graph in [graphs[0], *graphs]) - Attempt.objects.count(),
        "unended": runs - Run.objects.filter(status="completed").count(),
        "violations": sum(finding.count for finding in verify(None, timezone.now())),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", type=int, default=0, help="which of the parts to carry out")
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--problems", type=Path, help="a file of problems instead of those made up")
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    print(json.dumps(carry_out_all(uncertain.graphs(options.problems)[options.part :: options.parts])))


if __name__ == "__main__":
    main()
