"""Leases over REST: an agent asks for work, and waits until there is some."""

import time
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import announce
from runs.api.agents import LEASING, Name
from runs.external import agents, handing_out, leasing
from runs.external.wanted import Seeker
from todos.principal import Principal
from todos.problems import Invalid
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation
from todos.rest.reading import Id, Wire
from todos.wire.answers import ResourceAnswer

LOOK_AGAIN_SECONDS = 1.0
MOST_LEASES = 100
LONGEST_WAIT_SECONDS = 30


class LeaseIn(Wire):
    """`wait_seconds`: how long to wait for the first when there is none. `run`: of this run only."""

    agent: Name
    limit: Annotated[int, Field(ge=1, le=MOST_LEASES)] = 1
    wait_seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT_SECONDS)] = 0
    run: Id | None = None


@closed
class LeasedSubtask(TypedDict):
    """The whole spec. `inputs`: the results it asked for, by name. `attempts_used` counts this attempt."""

    id: str
    key: str
    content: str
    depends_on: list[str]
    priority: int
    lane: str
    phase: int | None
    executor: dict[str, Any] | None
    inputs: dict[str, Any]
    resources: list[ResourceAnswer] | None
    estimated_seconds: float | None
    timeout_seconds: float | None
    max_retries: int | None
    max_iterations: int | None
    complexity: float
    parallelizable: bool
    assigned_agent: str | None
    rollback: dict[str, Any] | None
    verify: dict[str, Any] | None
    attempts_used: int


@closed
class LeaseOut(TypedDict):
    attempt: str
    epoch: int
    run: str
    subtask: LeasedSubtask
    lease_seconds: int
    heartbeat_seconds: int


@closed
class LeasesOut(TypedDict):
    leases: list[LeaseOut]


class Leases(Endpoint):
    """`POST /leases/`"""

    @Operation({200: LeasesOut}, body=LeaseIn, scopes=LEASING, one_run=True, apart=True)
    def post(self, request: Request, body: LeaseIn) -> Any:
        wanted = self._wanted(body)
        until = time.monotonic() + body.wait_seconds
        while True:
            mark = announce.mark()
            found = _lease(*wanted)
            left = until - time.monotonic()
            if found or left <= 0 or announce.closed():
                return {"leases": found}
            connection.close()  # it may be one of few, and this may take half a minute
            announce.wait(announce.WORK, mark, min(left, LOOK_AGAIN_SECONDS))

    def at_once(self, body: LeaseIn) -> Any:
        """The same without waiting; None where it should wait."""
        found = _lease(*self._wanted(body))
        return {"leases": found} if found or not body.wait_seconds else None

    def _wanted(self, body: LeaseIn) -> tuple[Seeker, Principal, int, int | None, datetime]:
        agent = agents.named(self.principal, body.agent)
        return agent, self.principal, body.limit, _run_for(self.principal, body.run), timezone.now()


def _run_for(principal: Principal, wanted: int | None) -> int | None:
    """The run to lease from, None for any. Raises Invalid at `/run`."""
    if wanted is None:
        return principal.run_id
    if principal.run_id not in (None, wanted) or not leasing.owns(principal.owner_id, wanted):
        raise Invalid.at("/run", "there is no such run")
    return wanted


def _lease(agent: Seeker, principal: Principal, limit: int, run: int | None, since: datetime) -> list[dict[str, Any]]:
    given = leasing.lease(agent, principal.owner_id, limit, run, since)
    return [
        {**told, "lease_seconds": settings.LEASE_SECONDS, "heartbeat_seconds": settings.HEARTBEAT_SECONDS}
        for told in handing_out.told(given)
    ]
