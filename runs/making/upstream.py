"""What new subtasks of a run depend on, themselves and through others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from runs.engine import expected, phases, states
from runs.models import Run, Subtask, SubtaskDependency
from todos.models import Todo
from todos.problems import Invalid

FEW = 500


@dataclass(frozen=True, slots=True)
class There:
    """A subtask of the run that new ones depend on, themselves or through others."""

    pk: int
    key: str
    status: str
    phase: int | None
    when: str
    seconds: float
    todo: int | None


@dataclass(slots=True)
class Graph:
    """What hangs together with the new subtasks: these, and all they depend on, by key."""

    there: dict[str, There]
    needs: dict[str, list[str]]
    seconds: dict[str, float]


def named(run: Run, keys: Iterable[str]) -> dict[str, There]:
    wanted = sorted(set(keys))
    few = (wanted[at : at + FEW] for at in range(0, len(wanted), FEW))
    return {one.key: one for some in few for one in _rows(run, key__in=some)}


def _rows(run: Run, **where: Any) -> list[There]:
    columns = ("pk", "key", "status", "phase", "when", "expected_seconds", "todo_id")
    return [There(*row) for row in Subtask.objects.filter(run=run, **where).order_by().values_list(*columns)]


def graph_of(run: Run, leaves: Sequence[Todo], needs: dict[str, list[str]], there: dict[str, There]) -> Graph:
    """`needs`: of the new ones, by key, those that are `there` among them. Raises Invalid when they could never start
    for the barriers."""
    there = dict(there)
    keys = {one.pk: one.key for one in there.values()}
    level = list(keys)
    while level:
        links: list[tuple[int, int]] = []
        for at in range(0, len(level), FEW):
            found = SubtaskDependency.objects.filter(after__in=level[at : at + FEW])
            links += found.values_list("after_id", "before_id")
        level = list({before for _, before in links} - keys.keys())
        for at in range(0, len(level), FEW):
            for one in _rows(run, pk__in=level[at : at + FEW]):
                there[one.key], keys[one.pk] = one, one.key
        for after, before in links:
            needs.setdefault(keys[after], []).append(keys[before])
    unknown = settings.SUBTASK_EXPECTED_SECONDS
    seconds = {leaf.key: expected.seconds(leaf.executor, leaf.estimated_seconds, unknown) for leaf in leaves}
    seconds |= {key: one.seconds for key, one in there.items()}
    made = Graph(there, {key: needs.get(key, []) for key in seconds}, seconds)
    if run.barriers:
        _refuse_backward(made, leaves)
    return made


def _refuse_backward(made: Graph, leaves: Sequence[Todo]) -> None:
    of = {key: None if one.status in states.TERMINAL else one.phase for key, one in made.there.items()}
    of |= {leaf.key: leaf.phase for leaf in leaves}
    if pair := phases.backward(made.needs, of):
        after, before = pair
        raise Invalid.at("", f"{after} of phase {of[after]} needs {before} of phase {of[before]}")
