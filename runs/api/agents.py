"""Agents over REST: they register here; whoever looks sees what is known of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.external import agents
from runs.reading import agent_figures
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation
from todos.rest.pages import Page, PageQuery, page
from todos.rest.reading import STORABLE, Wire

LEASING = frozenset({"agent", "operator", "admin"})
LaneWord = Literal["query", "execute"]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]


class AgentIn(Wire):
    """`capabilities`: the executors it can do; none named is any. `parent`: another agent, by id, or by name under the
    same token."""

    name: Name
    kind: Word = "agent"
    parent: Name | None = None
    capabilities: Annotated[list[Word], Field(max_length=50)] = []
    lanes: Annotated[list[LaneWord], Field(min_length=1, max_length=2)] = ["query", "execute"]


@closed
class CurrentAttempt(TypedDict):
    attempt: str
    epoch: int
    run: str
    subtask: str
    status: str
    progress: float | None
    leased_at: datetime


@closed
class AgentOut(TypedDict):
    id: str
    name: str
    kind: str
    status: str
    parent: str | None
    depth: int
    capabilities: list[str]
    lanes: list[str]
    created_at: datetime
    last_heartbeat_at: datetime | None
    current_attempt: CurrentAttempt | None
    attempts_open: int
    tasks_completed: int
    tasks_failed: int
    tasks_per_minute: float | None
    utilization_percent: float | None
    average_task_seconds: float | None
    specialization: str | None


class AgentsQuery(PageQuery):
    ordering: Literal["created_at", "-created_at", "name"] = "created_at"
    q: Annotated[str, Field(max_length=200), STORABLE] | None = None


ORDERINGS = {"created_at": ["pk"], "-created_at": ["-pk"], "name": ["name", "pk"]}


class Agents(Endpoint):
    """`GET|POST /agents/`"""

    @Operation({200: Page[AgentOut]}, query=AgentsQuery, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, query: AgentsQuery) -> Page[Any]:
        rows = agents.visible(self.principal)
        if query.q:
            rows = rows.filter(name__icontains=query.q)
        return page(request, rows, query, ORDERINGS, lambda some: agent_figures.of_agents(some, timezone.now()))

    @Operation({201: AgentOut, 200: AgentOut}, body=AgentIn, scopes=LEASING, one_run=True, refusals=(409,))
    def post(self, request: Request, body: AgentIn) -> tuple[int, Any]:
        said = agents.Registration(body.name, body.kind, body.parent, body.capabilities, body.lanes)
        agent, fresh = agents.register(self.principal, said)
        return 201 if fresh else 200, agent_figures.of_agents([agent], timezone.now())[0]


class OneAgent(Endpoint):
    """`GET /agents/{id}/`"""

    @Operation({200: AgentOut}, scopes=EVERYONE, one_run=True, version="")
    def get(self, request: Request, agent: int) -> Any:
        return agent_figures.of_agents([agents.get(self.principal, agent)], timezone.now())[0]
