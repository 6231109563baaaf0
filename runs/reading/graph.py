"""The dependencies of a run: what needs what, at what depth, and which are on the critical path.

A run is frozen when it is made, so its graph is read once and kept; what changes, the statuses, is read each time.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from runs.models import Run, Subtask, SubtaskDependency
from todos.plan import graph

KEPT = 8  # graphs, of the runs looked at last


@dataclass(frozen=True, slots=True, eq=False)
class RunGraph:
    """The subtasks of a run by depth and then as they were written: so each comes after all it needs.

    All lists are by that order; `needs` and `critical` are indices into them. `parents`: the todo each is below, or "".
    """

    ids: list[int]
    keys: list[str]
    phases: list[int | None]
    parents: list[str]
    depths: list[int]
    needs: list[list[int]]
    critical: list[int]


def of(run: Run) -> RunGraph:
    return _read(run.pk, run.created_at, run.total)


@lru_cache(maxsize=KEPT)
def _read(run_id: int, made_at: datetime, total: int) -> RunGraph:
    """`total` tells apart what somebody has added to; `made_at`, runs of one number in databases that were emptied."""
    columns = ("pk", "key", "phase", "expected_seconds", "todo__parent__content")
    rows = list(Subtask.objects.filter(run=run_id).order_by("position").values_list(*columns))
    needs: dict[int, list[int]] = {row[0]: [] for row in rows}
    for after, before in SubtaskDependency.objects.filter(run=run_id).order_by().values_list("after_id", "before_id"):
        needs[after].append(before)
    seconds = {row[0]: row[3] for row in rows}
    depths = {number: depth for depth, wave in enumerate(graph.waves(needs)) for number in wave}
    critical, _ = graph.critical_path(needs, seconds.__getitem__)
    rows.sort(key=lambda row: depths[row[0]])  # stable: within a depth as they were written
    at = {row[0]: index for index, row in enumerate(rows)}
    return RunGraph(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[4] or "" for row in rows],
        [depths[row[0]] for row in rows],
        [sorted(at[before] for before in needs[row[0]]) for row in rows],
        [at[number] for number in critical] if len(critical) > 1 else [],
    )


def statuses(run: Run, found: RunGraph) -> list[str]:
    """The status of each, as it is now."""
    known = dict(Subtask.objects.filter(run=run.pk).order_by().values_list("pk", "status"))
    return [known.get(number, "pending") for number in found.ids]
