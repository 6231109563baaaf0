"""What a run of a todo would do."""

from typing import Annotated, Literal

from pydantic import Field
from rest_framework.request import Request

from runs.planning.answers import PlanAnswer
from runs.planning.todo import IMPROVE_SECONDS, plan
from todos import queries
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation
from todos.rest.reading import Wire


class PlanIn(Wire):
    """`improve_seconds`: how long to look for a shorter schedule than list scheduling gives."""

    max_agents: Annotated[int, Field(ge=1, le=1_000)] = 4
    strategy: Literal["auto", "parallel", "hybrid", "sequential"] = "auto"
    improve_seconds: Annotated[float, Field(ge=0, le=10)] = IMPROVE_SECONDS


class TodoPlan(Endpoint):
    """`POST /todos/{id}/plan/`"""

    @Operation({200: PlanAnswer}, body=PlanIn, apart=True)
    def post(self, request: Request, todo: int, body: PlanIn) -> PlanAnswer:
        return plan(
            queries.get(self.principal, todo),
            max_agents=body.max_agents,
            strategy=body.strategy,
            improve_seconds=body.improve_seconds,
        )
