"""What parents made of the results of their children, over REST."""

from typing import Any

from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import access
from runs.models import Aggregate, Run
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation


@closed
class AggregateOut(TypedDict):
    """What the results of the children of a parent come to; `key` is null for the todo of the run itself, `completed`
    until the run has ended."""

    key: str | None
    content: str
    kind: str
    of: int
    completed: int | None
    result: Any
    error: str | None


def aggregate_outs(run: Run) -> list[AggregateOut]:
    """The deepest first."""
    return [
        {
            "key": one.key or None,
            "content": one.content,
            "kind": one.spec["kind"],
            "of": len(one.parts),
            "completed": one.completed,
            "result": one.result,
            "error": one.error or None,
        }
        for one in Aggregate.objects.filter(run=run).order_by("position")
    ]


class RunAggregates(Endpoint):
    """`GET /runs/{id}/aggregates/`"""

    @Operation({200: list[AggregateOut]}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int) -> list[AggregateOut]:
        return aggregate_outs(access.run_for(self.principal, run))
