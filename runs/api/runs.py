"""Runs over REST: make one of a todo, look at it, wait for it to change, steer it."""

import time
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db import connection, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request

from runs import access, actions, announce, queries
from runs.api.shapes import ENDED, Events, Progress, RunOut, run_out
from runs.models import Backend, Strategy
from runs.steering import undoing
from todos import actions as todo_actions
from todos.models import Todo
from todos.plan.outline import Problem
from todos.problems import Forbidden
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, MEBIBYTE, Operation
from todos.rest.pages import Page, PageQuery, page
from todos.rest.reading import DIGITS, STORABLE, CommaSeparated, Id, QueryTime, Wire
from todos.wire.inputs import Content, Priority, SubtaskIn, TodoIn

RunWord = Literal["pending", "running", "paused", "completed", "failed", "cancelled"]
Topic = Literal["progress", "errors", "results", "metrics"]
LOOK_AGAIN_SECONDS = 1.0
MAKERS = frozenset({"agent", "operator", "admin"})


# ---- making one ----


class LaneIn(Wire):
    """`mode` left out: as the backend has it."""

    concurrency: Annotated[int, Field(ge=1, le=1_000)] | None = None
    mode: Literal["internal", "external", "hybrid"] | None = None


class LanesIn(Wire):
    query: LaneIn | None = None
    execute: LaneIn | None = None


class BudgetIn(Wire):
    cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None


class RunIn(Wire):
    backend: Literal["embedded", "celery", "external", "tracked"] = "embedded"
    strategy: Literal["auto", "parallel", "hybrid", "sequential"] = "auto"
    max_agents: Annotated[int, Field(ge=1, le=1_000)] = settings.RUN_MAX_AGENTS
    adaptive: bool | None = None
    fail_fast: bool = False
    barriers: bool = False
    lanes: LanesIn | None = None
    budget: BudgetIn | None = None

    @property
    def is_adaptive(self) -> bool:
        """Who names a number of agents gets it; who leaves it to us gets no more than help."""
        return "max_agents" not in self.model_fields_set if self.adaptive is None else self.adaptive


class TodoRun(Endpoint):
    """`POST /todos/{id}/run/`"""

    @Operation({201: RunOut}, body=RunIn, refusals=(409,))
    def post(self, request: Request, todo: int, body: RunIn) -> RunOut:
        found = get_object_or_404(Todo, pk=todo, owner=self.principal.owner_id)
        return run_out(actions.start(found, options_of(body), made_by_id=self.principal.token_id))


def options_of(body: RunIn) -> actions.Options:
    return actions.Options(
        backend=Backend(body.backend),
        strategy=Strategy(body.strategy),
        max_agents=body.max_agents,
        adaptive=body.is_adaptive,
        fail_fast=body.fail_fast,
        barriers=body.barriers,
        lanes=body.lanes.model_dump(exclude_none=True) if body.lanes else {},
        budget=body.budget.model_dump() if body.budget else {},
    )


class TodoAndRunIn(RunIn):
    """A todo with all below it, and how to run it."""

    content: Content
    priority: Priority = 3
    subtasks: list[SubtaskIn] = Field(default_factory=list)


# ---- looking ----


class RunsQuery(PageQuery):
    ordering: Literal["created_at", "-created_at"] = "-created_at"
    status: CommaSeparated[RunWord] | None = None
    backend: Literal["embedded", "celery", "external", "tracked"] | None = None
    todo: Id | None = None
    q: Annotated[str, Field(max_length=200), STORABLE] | None = None
    started_after: QueryTime | None = None


ORDERINGS = {"created_at": ["pk"], "-created_at": ["-pk"]}


class Runs(Endpoint):
    """`GET|POST /runs/`"""

    @Operation({201: RunOut}, body=TodoAndRunIn, scopes=MAKERS, max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, body: TodoAndRunIn) -> RunOut:
        """Makes todo and run in one call."""
        if self.principal.scope == "agent" and body.backend != "tracked":
            raise Forbidden("The token of an agent makes tracked runs only.", [Problem("/backend", "tracked only")])
        spec = TodoIn(content=body.content, priority=body.priority, subtasks=body.subtasks)
        with transaction.atomic():
            todo = todo_actions.create(self.principal, spec)
            return run_out(actions.start(todo, options_of(body), made_by_id=self.principal.token_id))

    @Operation({200: Page[RunOut]}, query=RunsQuery, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, query: RunsQuery) -> Page[RunOut]:
        rows = access.visible_runs(self.principal)
        if query.status:
            rows = rows.filter(status__in=query.status)
        if query.backend:
            rows = rows.filter(backend=query.backend)
        if query.todo:
            rows = rows.filter(todo=query.todo)
        if query.q:
            rows = rows.filter(content__icontains=query.q)
        if query.started_after:
            rows = rows.filter(started_at__gt=query.started_after)
        return page(request, rows, query, ORDERINGS, lambda found: [run_out(run) for run in found])


class OneRun(Endpoint):
    """`GET /runs/{id}/`"""

    @Operation({200: RunOut}, scopes=EVERYONE, one_run=True, version="")
    def get(self, request: Request, run: int) -> RunOut:
        return run_out(access.run_for(self.principal, run))


class ProgressQuery(Wire):
    after: Annotated[int, Field(ge=0), DIGITS] | None = None
    wait: Annotated[int, Field(ge=0, le=30), DIGITS] = 0


class RunProgress(Endpoint):
    """`GET /runs/{id}/progress/`, at once or when there is news."""

    @Operation({200: Progress}, query=ProgressQuery, scopes=EVERYONE, one_run=True, apart=True)
    def get(self, request: Request, run: int, query: ProgressQuery) -> Any:
        access.check(self.principal, run)
        until = time.monotonic() + query.wait
        while True:
            mark = announce.mark()
            found = queries.snapshot(run, timezone.now())
            left = until - time.monotonic()
            if (
                query.after is None
                or found["seq"] > query.after
                or found["status"] in ENDED
                or left <= 0
                or announce.closed()
            ):
                return found
            connection.close()  # it may be one of few, and this may take half a minute
            announce.wait(run, mark, min(left, LOOK_AGAIN_SECONDS))


class EventsQuery(Wire):
    after: Annotated[int, Field(ge=0), DIGITS] = 0
    topic: CommaSeparated[Topic] = []
    limit: Annotated[int, Field(ge=1, le=1_000), DIGITS] = 500


class RunEvents(Endpoint):
    """`GET /runs/{id}/events/`"""

    @Operation({200: Events}, query=EventsQuery, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int, query: EventsQuery) -> Any:
        found = access.run_for(self.principal, run)
        events = queries.events_after(run, query.after, limit=query.limit, topics=query.topic)
        return {"results": events, "last_seq": found.last_seq}


# ---- steering ----


class RunVerb(Endpoint):
    """`POST /runs/{id}/{pause|resume|cancel}/`"""

    verb: str = ""

    @Operation({200: RunOut}, body=Wire, refusals=(409,))
    def post(self, request: Request, run: int, body: Wire) -> RunOut:
        access.check(self.principal, run)
        return run_out({"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}[self.verb](run))


class RunRetry(Endpoint):
    """`POST /runs/{id}/retry/`"""

    @Operation({201: RunOut}, body=Wire, refusals=(409,))
    def post(self, request: Request, run: int, body: Wire) -> RunOut:
        return run_out(actions.retry(access.run_for(self.principal, run), made_by_id=self.principal.token_id))


class RunRollback(Endpoint):
    """`POST /runs/{id}/rollback/`"""

    @Operation({201: RunOut}, body=Wire, refusals=(409,))
    def post(self, request: Request, run: int, body: Wire) -> RunOut:
        return run_out(undoing.rollback(access.run_for(self.principal, run), made_by_id=self.principal.token_id))


class RunBaseline(Endpoint):
    """`POST /runs/{id}/baseline/`"""

    @Operation({201: RunOut}, body=Wire, refusals=(409,))
    def post(self, request: Request, run: int, body: Wire) -> RunOut:
        return run_out(actions.baseline(access.run_for(self.principal, run), made_by_id=self.principal.token_id))
