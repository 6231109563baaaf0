"""Splitting a todo by a strategy: shown first, made when asked."""

from collections.abc import Callable
from typing import Annotated, Any

from django.conf import settings
from pydantic import Field
from pydantic import WithJsonSchema as Documented
from rest_framework.request import Request
from typing_extensions import TypedDict

from todos import actions, queries
from todos.decompose import checklist
from todos.plan.outline import Row, leaf_graph
from todos.plan.parts import Parts, parts
from todos.problems import Invalid
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import Wire, read
from todos.wire.answers import Executor, StatusText, TodoTree
from todos.wire.inputs import SubtaskIn

OPTIONS = "/options"


class ChecklistOptions(Wire):
    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]


def _checklist(options: ChecklistOptions) -> list[SubtaskIn]:
    return checklist.parse(options.text, limit=settings.RUN_MAX_SUBTASKS, pointer=f"{OPTIONS}/text")


STRATEGIES: dict[str, tuple[type[Wire], Callable[[Any], list[SubtaskIn]]]] = {
    "checklist": (ChecklistOptions, _checklist),
}


class DecomposeIn(Wire):
    strategy: Annotated[str, Documented({"type": "string", "enum": list(STRATEGIES)})]
    options: dict[str, Any] = Field(default_factory=dict)
    preview: bool = True


@closed
class SharedResource(TypedDict):
    kind: str
    name: str


@closed
class PlannedSubtask(TypedDict):
    """A subtask as it would be made."""

    key: str
    content: str
    status: StatusText
    estimated_seconds: float | None
    depends_on: list[str]
    executor: Executor | None
    subtasks: list["PlannedSubtask"]


@closed
class _Split(TypedDict):
    strategy: str
    parallelization_score: float
    independent: list[str]
    sequential: list[str]
    shared_resources: list[SharedResource]


@closed
class Preview(_Split):
    subtasks: list[PlannedSubtask]


@closed
class Decomposition(_Split):
    subtasks: list[TodoTree]


class Decompose(Endpoint):
    """`POST /todos/{id}/decompose/`"""

    @Operation({200: Preview, 201: Decomposition}, body=DecomposeIn, refusals=(409,), max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, todo: int, body: DecomposeIn) -> tuple[int, Preview | Decomposition]:
        found = queries.get(self.principal, todo)
        items = outline(body)
        rows = actions.preview(self.principal, found, items, pointer=OPTIONS)
        split = _split(body.strategy, rows)
        if body.preview:
            return 200, {**split, "subtasks": _planned(rows)}
        return 201, {**split, "subtasks": queries.trees(actions.add(self.principal, found, items, pointer=OPTIONS))}


def outline(body: DecomposeIn) -> list[SubtaskIn]:
    """The subtasks that a strategy makes of its options. Raises Invalid."""
    if body.strategy not in STRATEGIES:
        raise Invalid.at("/strategy", f"there is no such strategy; there is: {', '.join(STRATEGIES)}")
    options, split = STRATEGIES[body.strategy]
    return split(read(options, body.options, OPTIONS))


def _split(strategy: str, rows: list[Row]) -> _Split:
    found = _parts(rows)
    return {
        "strategy": strategy,
        "parallelization_score": found.parallelization_score,
        "independent": found.independent,
        "sequential": found.sequential,
        "shared_resources": [{"kind": kind, "name": name} for kind, name in found.shared],
    }


def _parts(rows: list[Row]) -> Parts:
    """Of the leaves; what they depend on beyond the new subtasks does not count."""
    new = {row.key for row in rows}
    needs = {row.key: [key for key in row.item.depends_on if key in new] for row in rows}
    specs = {row.key: row.item.data for row in rows}
    claims = {
        key: [(one.kind, one.name, one.mode == "write") for one in spec.resources or ()] for key, spec in specs.items()
    }
    alone = [key for key, spec in specs.items() if not spec.parallelizable]
    return parts(leaf_graph(needs, {row.key: row.parent for row in rows}), alone, claims)


def _planned(rows: list[Row]) -> list[PlannedSubtask]:
    nodes: dict[str, PlannedSubtask] = {row.key: _plan(row) for row in rows}
    for row in rows:
        if row.parent is not None:
            nodes[row.parent]["subtasks"].append(nodes[row.key])
    return [nodes[row.key] for row in rows if row.parent is None]


def _plan(row: Row) -> PlannedSubtask:
    spec: SubtaskIn = row.item.data
    return {
        "key": row.key,
        "content": spec.content,
        "status": spec.status,
        "estimated_seconds": spec.estimated_seconds,
        "depends_on": list(row.item.depends_on),
        "executor": spec.executor.model_dump(exclude_unset=True) if spec.executor else None,
        "subtasks": [],
    }
