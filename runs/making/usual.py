"""What one agent alone took for the same work in earlier runs: frozen with a run, for its speedup to count with.

The same is what one executor does with the same arguments; of work that has none, what is described in the same words.
Kinds of task would be too coarse: all commands of a program are one, and work that is just larger than before would
pass for agents that slow each other down.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from runs.engine import states
from runs.models import Attempt, Backend, Run, Strategy, Subtask
from todos.plan import words

LOOKED_THROUGH = 200
"""Runs before this one among which those of one agent are looked for."""
MOST_RUNS = 20
MOST_SUBTASKS = 5_000
"""Of all these runs together: what is not kept in memory yet is read while a run is made."""

Took = dict[bytes, tuple[float, int]]
"""Seconds added up, and of how many, by the work."""


def tell(run: Run, subtasks: Iterable[Subtask]) -> None:
    """Fills in what runs say that had ended when this one was made. Work of one agent is measured as it is done, and
    what agents report of work of their own has no like."""
    if run.max_agents == 1 or run.strategy == Strategy.SEQUENTIAL or run.backend == Backend.TRACKED:
        return
    found = _earlier(run) if run.usual_work is not None else {}
    for one in subtasks if found else ():
        if not words.asks(one.executor) and (took := found.get(_work(one.executor, one.content))):
            one.usual_seconds = took[0] / took[1]


def _earlier(run: Run) -> Took:
    """Of the newest runs of its owner in which never more than one was under way."""
    before = Run.objects.filter(owner=run.owner_id, pk__lt=run.pk).order_by("-pk").values("pk")[:LOOKED_THROUGH]
    alone = Run.objects.filter(pk__in=before, peak_open=1, completed__gt=0, finished_at__lte=run.created_at)
    alone = alone.exclude(backend=Backend.TRACKED).order_by("-pk")
    found: Took = {}
    left = MOST_SUBTASKS
    for number, completed, ended in alone.values_list("pk", "completed", "finished_at")[:MOST_RUNS]:
        if completed > left:
            continue
        left -= completed
        for work, (seconds, times) in _of_run(number, ended).items():
            so_far = found.get(work, (0.0, 0))
            found[work] = so_far[0] + seconds, so_far[1] + times
    return found


@lru_cache(maxsize=64)
def _of_run(run_id: int, ended: datetime) -> Took:
    """What has ended never changes; of a run that was not over when `ended` was looked up nobody asks."""
    done = Attempt.objects.filter(run=run_id, status=states.Attempt.SUCCEEDED, started_at__isnull=False).order_by()
    columns = ("subtask__executor", "subtask__content", "started_at", "finished_at", "worked_seconds")
    found: Took = {}
    for executor, content, started, finished, worked in done.values_list(*columns):
        took = max(0.0, (finished - started).total_seconds()) if worked is None else worked
        seconds, times = found.get(work := _work(executor, content), (0.0, 0))
        found[work] = seconds + took, times + 1
    return found


def forget() -> None:
    """Where the database has been changed from elsewhere."""
    _of_run.cache_clear()


def _work(executor: dict[str, Any] | None, content: str) -> bytes:
    told = json.dumps(executor, sort_keys=True) if executor else content
    return blake2b(told.encode(), digest_size=16).digest()
