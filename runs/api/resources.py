"""Resources over REST: how much there is of what subtasks claim, who holds it, and who waits for whom."""

from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import access, actions
from runs.claims import resources
from runs.models.resource import POOL
from runs.orchestrating import pools
from todos.plan.claims import API, FILE
from todos.problems import Invalid, Missing
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation
from todos.rest.reading import Wire
from todos.wire.inputs import MAX_AMOUNT

MOST_CALLS = 1_000_000


class LimitIn(Wire):
    """How much there is: `per_second` of an API, `capacity` of the rest (connections, MiB of memory, or subtasks of a
    pool that are carried out at once: null for no limit)."""

    capacity: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None
    per_second: Annotated[float, Field(gt=0, le=MOST_CALLS, allow_inf_nan=False)] | None = None


@closed
class ResourceOut(TypedDict):
    kind: str
    name: str
    capacity: int | None
    per_second: float | None
    available: int | None
    holders: int
    waiting: int


@closed
class HeldBy(TypedDict):
    run: str
    subtask: str
    attempt: str
    agent: str


@closed
class Held(TypedDict):
    subtask: str
    attempt: str
    agent: str
    kind: str
    name: str
    mode: str
    amount: int
    since: datetime


@closed
class WaitedFor(TypedDict):
    subtask: str
    waiting_for: str
    kind: str
    name: str
    mode: str
    amount: int
    since: datetime | None
    until: datetime | None
    behind: str | None
    behind_run: str | None
    held_by: list[HeldBy]
    more: int


@closed
class PoolUse(TypedDict):
    cpu: float | None
    memory: float | None
    io: None
    network: None
    storage: None


@closed
class PoolShare(TypedDict):
    cpu: float
    memory: float
    io: float
    network: float
    storage: float


@closed
class PoolOut(TypedDict):
    name: str
    limit: int | None
    asked: int | None
    running: int | None
    waiting: int
    share: PoolShare
    use: PoolUse | None


@closed
class RunResourcesOut(TypedDict):
    held: list[Held]
    held_count: int
    waiting: list[WaitedFor]
    waiting_count: int
    pools: list[PoolOut]


class OneResource(Endpoint):
    """`GET|PUT /resources/{kind}/{name}/`"""

    @Operation({200: ResourceOut}, scopes=EVERYONE)
    def get(self, request: Request, kind: str, name: str) -> Any:
        _refuse_unknown(kind, name)
        return resources.describe(kind, name, timezone.now())

    @Operation({200: ResourceOut}, body=LimitIn)
    def put(self, request: Request, kind: str, name: str, body: LimitIn) -> Any:
        _refuse_unknown(kind, name)
        refuse_unfit(kind, body)
        actions.set_limit(kind, name, capacity=body.capacity, per_second=body.per_second)
        return resources.describe(kind, name, timezone.now())


def _refuse_unknown(kind: str, name: str) -> None:
    """There are no pools but these."""
    if kind == POOL and name not in pools.LIMITED:
        raise Missing("there is no such pool")


def refuse_unfit(kind: str, body: LimitIn) -> None:
    """An API has calls a second, a database and memory a capacity, a file neither."""
    if kind == FILE:
        raise Invalid.at("", "a file has no limit: one writes it, or many read it")
    wanted, other = ("per_second", "capacity") if kind == API else ("capacity", "per_second")
    if getattr(body, other) is not None:
        raise Invalid.at(f"/{other}", f"{kind} has a limit `{wanted}`")
    if getattr(body, wanted) is None and not (kind == POOL and wanted in body.model_fields_set):
        raise Invalid.at(f"/{wanted}", "this is needed")


class RunResources(Endpoint):
    """`GET /runs/{id}/resources/`"""

    @Operation({200: RunResourcesOut}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int) -> Any:
        found = access.run_for(self.principal, run)
        return resources.of_run(found) | {"pools": pools.of_run(found)}
