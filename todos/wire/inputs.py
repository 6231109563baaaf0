"""What is taken: todos with all below them, changes of one, and the filters of the list."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic import WithJsonSchema as Documented

from todos.plan.words import PRIORITIES
from todos.rest.pages import PageQuery
from todos.rest.reading import STORABLE, CommaSeparated, Id, QueryFlag, Wire
from todos.wire.aggregates import Aggregate
from todos.wire.executors import Executor, Verifier

MAX_SECONDS = 10_000_000
MAX_AMOUNT = 2**31 - 1

StatusWord = Literal["pending", "in_progress", "completed", "failed", "cancelled", "skipped"]
LaneWord = Literal["query", "execute"]
WhenWord = Literal["success", "always", "failed"]


def _priority(value: Any) -> Any:
    return PRIORITIES.get(value, value) if isinstance(value, str) else value


def _query_priority(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value in {"1", "2", "3", "4", "5"} else _priority(value)


_PRIORITY = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 5}, {"enum": list(PRIORITIES)}]}

Content = Annotated[str, Field(max_length=10_000, pattern=r"\S")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Priority = Annotated[int, Field(ge=1, le=5), BeforeValidator(_priority), Documented(_PRIORITY)]
QueryPriority = Annotated[int, Field(ge=1, le=5), BeforeValidator(_query_priority), Documented(_PRIORITY)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS)]
DependsOn = Annotated[list[Key], Field(max_length=10_000)]


class Resource(Wire):
    """Something that only so many subtasks can use at once. `amount`: calls, connections, or MiB."""

    kind: Literal["file", "api", "database", "memory"]
    name: Annotated[str, Field(max_length=500, pattern=r"\S")]
    mode: Literal["read", "write"] = "write"
    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] = 1


class Input(Wire):
    """The result of another subtask, or the part of it that a JSON Pointer names; of several, an object key by key."""

    from_: Annotated[Key | Annotated[list[Key], Field(min_length=1, max_length=10_000)], Field(alias="from")]
    pointer: Annotated[str, Field(max_length=1_000, pattern=r"^(/.*)?$")] = ""

    @property
    def sources(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else self.from_


Resources = Annotated[list[Resource], Field(max_length=100)]
Inputs = Annotated[dict[Key, Input], Field(max_length=100)]


class Spec(Wire):
    """How a piece of work is to be done. Null is as good as left out."""

    content: Content
    priority: Priority = 3
    status: StatusWord = "pending"
    executor: Executor | None = None
    lane: LaneWord | None = None
    phase: Annotated[int, Field(ge=0, le=10_000)] | None = None
    estimated_seconds: Seconds | None = None
    timeout_seconds: Annotated[Seconds, Field(gt=0)] | None = None
    max_retries: Annotated[int, Field(ge=0, le=100)] | None = None
    max_iterations: Annotated[int, Field(ge=1, le=1_000)] | None = None
    complexity: Annotated[float, Field(ge=0, le=1)] = 0.5
    parallelizable: bool = True
    assigned_agent: Annotated[str, Field(max_length=200)] | None = None
    inputs: Inputs | None = None
    rollback: Executor | None = None
    verify: Verifier | None = None
    when: WhenWord = "success"
    resources: Resources | None = None
    aggregate: Aggregate | None = None


class TodoIn(Spec):
    """A todo with all below it. With subtasks it does nothing itself, and its status follows from them."""

    subtasks: list["SubtaskIn"] = Field(default_factory=list)


class SubtaskIn(TodoIn):
    """A subtask with all below it. `depends_on` names keys of the whole tree; without a key it is given one."""

    key: Key | None = None
    depends_on: DependsOn = Field(default_factory=list)


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is left out of a change stays as it is, whatever the default of a new todo."""
    for property_ in schema["properties"].values():
        property_.pop("default", None)


class TodoChanges(Spec):
    """Changes of a todo. `position` counts from 0 among its siblings; `parent` is in the same tree."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    content: Content = ""
    depends_on: DependsOn = []
    position: Annotated[int, Field(ge=0, le=MAX_AMOUNT)] = 0
    parent: Id = 0


Ordering = Literal["created_at", "-created_at", "priority", "-priority", "position", "-position", "content", "-content"]


class TodoFilters(PageQuery):
    """The list of todos: children of one, roots only (or all but roots), by status, by priority, by words."""

    parent: Id | None = None
    root: QueryFlag | None = None
    status: CommaSeparated[StatusWord] | None = None
    priority: CommaSeparated[QueryPriority] | None = None
    q: Annotated[str, Field(max_length=200), STORABLE] = ""
    ordering: Ordering = "-created_at"
