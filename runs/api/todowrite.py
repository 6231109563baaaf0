"""`PUT /todowrite/{session}/`: the input of a TodoWrite tool as it is."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic import WithJsonSchema as Documented
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api.runs import MAKERS
from runs.engine.lists import Item
from runs.models import Subtask
from runs.tracking import lists, reporters, sessions
from todos.problems import Missing
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import STORABLE, Wire
from todos.wire.inputs import Content, Priority

Text = Annotated[str, Field(max_length=10_000), STORABLE]
ItemId = Annotated[
    str,
    Field(max_length=200),
    STORABLE,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    Documented({"type": ["string", "integer"]}),
]


class ItemIn(Wire):
    """An entry of the list. What other fields an agent's version has is left out."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    content: Content
    status: Literal["pending", "in_progress", "completed", "failed", "cancelled"]
    active_form: Annotated[Text | None, Field(alias="activeForm")] = None
    id: ItemId | None = None
    priority: Priority | None = None


def _ids_once(items: list[ItemIn]) -> list[ItemIn]:
    ids = [item.id for item in items if item.id is not None]
    if len(ids) != len(set(ids)):
        raise ValueError("two entries have the same id")
    return items


class ListIn(Wire):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    todos: Annotated[list[ItemIn], Field(max_length=10_000), AfterValidator(_ids_once)]


@closed
class ItemOut(TypedDict):
    key: str
    content: str
    status: str


@closed
class ListOut(TypedDict):
    """The run that shows the session, and its entries as they stand."""

    run: str
    todo: str | None
    status: str
    items: list[ItemOut]


def items_of(body: ListIn) -> list[Item]:
    return [Item(one.content, one.status, one.id, one.active_form, one.priority) for one in body.todos]


class TodoWrite(Endpoint):
    """`PUT /todowrite/{session}/`"""

    @Operation({200: ListOut}, body=ListIn, scopes=MAKERS, max_bytes=4 * MEBIBYTE)
    def put(self, request: Request, session: str, body: ListIn) -> ListOut:
        if len(session) > sessions.MAX_NAME:
            raise Missing(f"The name of a session has {sessions.MAX_NAME} characters at most.")
        run, keys = lists.put(self.principal, session, items_of(body), reporters.default_name(self.principal))
        rows = {row.key: row for row in Subtask.objects.filter(run=run).only("key", "content", "status")}
        items: list[ItemOut] = [{"key": key, "content": rows[key].content, "status": rows[key].status} for key in keys]
        todo = str(run.todo_id) if run.todo_id else None
        return {"run": str(run.pk), "todo": todo, "status": run.status, "items": items}
