"""`POST /todos/{id}/decompose/`: splitting a todo by a strategy, shown first, made when asked."""

from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler
from pydantic import WithJsonSchema as Documented
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api import idempotency
from runs.making import decomposing
from todos import queries
from todos.decompose.base import Found
from todos.decompose.registry import STRATEGIES
from todos.plan.outline import Row
from todos.rest.answering import answer
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import Wire
from todos.wire.answers import Executor, ResourceAnswer, StatusText, TodoTree
from todos.wire.inputs import Resource, SubtaskIn

_STRATEGY = {
    "type": "string",
    "enum": list(STRATEGIES),
    "description": " ".join(f"{name}: {strategy.says}" for name, strategy in STRATEGIES.items()),
}


class _Documented:
    """Documents options as those of one of the strategies. Which they are read as, the strategy says."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(one.options.__pydantic_core_schema__) for one in STRATEGIES.values()]}


class DecomposeIn(Wire):
    strategy: Annotated[str, Documented(_STRATEGY)]
    options: Annotated[dict[str, Any], _Documented] = Field(default_factory=dict)
    preview: bool = True


@closed
class SharedResource(TypedDict):
    kind: str
    name: str


@closed
class PlannedSubtask(TypedDict):
    """A subtask as it would be made. `resources` null: unknown."""

    key: str
    content: str
    status: StatusText
    estimated_seconds: float | None
    depends_on: list[str]
    executor: Executor | None
    lane: str | None
    phase: int | None
    resources: list[ResourceAnswer] | None
    inputs: dict[str, Any] | None
    subtasks: list["PlannedSubtask"]


@closed
class Imported(TypedDict):
    path: str
    importers: int


@closed
class FoundAnswer(TypedDict):
    """What was seen of the workspace: `files`, how many entries had to be `left_out` (links, names that are no text,
    folders that may not be read), and `imports` between the files; null when nobody looked.
    """

    files: int
    left_out: int
    imports: int | None
    most_imported: list[Imported]


@closed
class _Split(TypedDict):
    strategy: str
    parallelization_score: float
    independent: list[str]
    sequential: list[str]
    shared_resources: list[SharedResource]
    found: FoundAnswer | None


@closed
class Preview(_Split):
    subtasks: list[PlannedSubtask]


@closed
class Decomposition(_Split):
    subtasks: list[TodoTree]


class Decompose(Endpoint):
    """`POST /todos/{id}/decompose/`"""

    # Apart: a transaction must not stay open while a tree is walked or a program thinks.
    @Operation(
        {200: Preview, 201: Decomposition}, body=DecomposeIn, refusals=(409,), max_bytes=4 * MEBIBYTE, apart=True
    )
    def post(self, request: Request, todo: int, body: DecomposeIn) -> tuple[int, Preview | Decomposition]:
        found = queries.get(self.principal, todo)
        proposal = decomposing.propose(self.principal, found, body.strategy, body.options)
        split = _split(body.strategy, proposal)
        if body.preview:
            return 200, {**split, "subtasks": _planned(proposal.rows)}
        with idempotency.kept(request._request) as keep:
            new = decomposing.make(self.principal, found, proposal)
            made: Decomposition = {**split, "subtasks": queries.trees(new)}
            keep(answer(201, made))
        return 201, made


def _split(strategy: str, proposal: decomposing.Proposal) -> _Split:
    parts, found = proposal.parts, proposal.made.found
    return {
        "strategy": strategy,
        "parallelization_score": parts.parallelization_score,
        "independent": parts.independent,
        "sequential": parts.sequential,
        "shared_resources": [{"kind": kind, "name": name} for kind, name in parts.shared],
        "found": None if found is None else _found(found),
    }


def _found(found: Found) -> FoundAnswer:
    return {
        "files": found.files,
        "left_out": found.left_out,
        "imports": found.imports,
        "most_imported": [{"path": path, "importers": number} for path, number in found.most_imported],
    }


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
        "lane": spec.lane,
        "phase": spec.phase,
        "resources": None if spec.resources is None else [_resource(one) for one in spec.resources],
        "inputs": {name: one.model_dump(by_alias=True) for name, one in spec.inputs.items()} if spec.inputs else None,
        "subtasks": [],
    }


def _resource(one: Resource) -> ResourceAnswer:
    return {"kind": one.kind, "name": one.name, "mode": one.mode, "amount": one.amount}
