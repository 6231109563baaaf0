"""The session paper's workloads: by a run of Abreast and by a plain loop, in turn, in this process."""

import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (these need the settings)
from django.core.management import call_command  # noqa: E402

from runs import actions, tokens  # noqa: E402
from runs.models import Run  # noqa: E402
from runs.orchestrating import orchestrator  # noqa: E402
from tests.bench.work.product import wait  # noqa: E402
from tests.papers import session  # noqa: E402
from todos import actions as todo_actions  # noqa: E402
from todos.principal import for_person  # noqa: E402

TIMES = {**dict.fromkeys(session.PAPERS, 9), "heavy": 3}


def by_run(calls: list[session.Call]) -> tuple[float, dict[str, Any]]:
    """Seconds from the call that makes the run until its counters say that all is done, and what was answered."""
    outline = {"content": "Session", "subtasks": [call.subtask() for call in calls]}
    todo = todo_actions.create(for_person(tokens.owner()), outline)
    begun = time.perf_counter()
    run = actions.start(todo, actions.Options())
    wait(run.pk)
    seconds = time.perf_counter() - begun
    return seconds, dict(Run.objects.get(pk=run.pk).subtasks.values_list("key", "result"))


def by_loop(calls: list[session.Call], root: Path) -> tuple[float, dict[str, Any]]:
    begun = time.perf_counter()
    found = session.loop(calls, root)
    return time.perf_counter() - begun, found


def compare(calls: list[session.Call], root: Path, times: int) -> dict[str, Any]:
    runs, loops = [], []
    for _ in range(times):
        (seconds, answered), (looped, expected) = by_run(calls), by_loop(calls, root)
        assert answered == expected, "the run and the loop answer differently"
        runs.append(seconds)
        loops.append(looped)
    return {"calls": len(calls), "run": median(runs), "loop": median(loops)}


def main() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    with TemporaryDirectory() as folder:
        settings.WORKSPACE = root = Path(folder).resolve()
        session.plant(root)
        orchestrator.start()
        by_run(session.GLOBS)  # the workers and their children are started once
        workloads = session.PAPERS | {"heavy": session.HEAVY}
        print(json.dumps({name: compare(calls, root, TIMES[name]) for name, calls in workloads.items()}))
        orchestrator.stop()


if __name__ == "__main__":
    main()
