"""What is answered about todos."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import WithJsonSchema as Documented
from typing_extensions import TypedDict

from todos.plan.words import Lane, Status, When
from todos.rest.answers import closed

StatusText = Annotated[str, Documented({"type": "string", "enum": list(Status)})]
LaneText = Annotated[str, Documented({"type": "string", "enum": list(Lane)})]
WhenText = Annotated[str, Documented({"type": "string", "enum": list(When)})]
Number = Annotated[int, Documented({"type": "integer", "minimum": 0})]
Executor = Annotated[dict[str, Any], Documented({"type": "object", "required": ["name"]})]

Aggregate = Annotated[dict[str, Any], Documented({"type": "object", "required": ["kind"]})]


@closed
class Counts(TypedDict):
    """Leaves at or below a todo, by status; a todo without subtasks is its own leaf. `total` is their sum."""

    total: Number
    pending: Number
    in_progress: Number
    completed: Number
    failed: Number
    cancelled: Number
    skipped: Number


@closed
class ResourceAnswer(TypedDict):
    kind: str
    name: str
    mode: str
    amount: int


@closed
class TodoAnswer(TypedDict):
    """A todo. `key` is null at the top of a tree; `resources` null: unknown; `lane` is the one it will take."""

    id: str
    key: str | None
    root: str
    parent: str | None
    position: int
    content: str
    status: StatusText
    priority: int
    counts: Counts
    depends_on: list[str]
    executor: Executor | None
    lane: LaneText
    phase: int | None
    estimated_seconds: float | None
    timeout_seconds: float | None
    max_retries: int | None
    max_iterations: int | None
    complexity: float
    parallelizable: bool
    assigned_agent: str | None
    inputs: dict[str, Any] | None
    rollback: Executor | None
    verify: Executor | None
    when: WhenText
    resources: list[ResourceAnswer] | None
    aggregate: Aggregate | None
    version: int
    created_at: datetime
    updated_at: datetime


@closed
class Child(TypedDict):
    """A subtask in short, below the todo that is shown."""

    id: str
    key: str
    content: str
    status: StatusText
    priority: int
    counts: Counts


@closed
class TodoDetail(TodoAnswer):
    """A todo and what is right below it, in order."""

    subtasks: list[Child]


@closed
class TodoTree(TodoAnswer):
    """A todo and everything below it, in order."""

    subtasks: list["TodoTree"]
