"""What a run tells, as a file: a trace, a report, a badge."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal, cast

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import access, queries
from runs.api.shapes import Progress, RunOut, SubtaskOut, run_out
from runs.insight import a2a, badge, gained, history, told, trace
from runs.insight.told import Insight
from runs.models import Run
from runs.reading import exports
from todos.rest.answering import JSON
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation, Raw
from todos.rest.reading import Wire
from todos.rest.streaming import Streamed

CSV, HTML, SVG = "text/csv", "text/html", "image/svg+xml"
# A file that brings its own style along, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@closed
class Report(RunOut):
    progress: Progress
    insight: Insight | None
    subtasks: list[SubtaskOut]


@closed
class Trace(TypedDict):
    displayTimeUnit: str
    traceEvents: list[dict[str, Any]]


@closed
class A2AStatus(TypedDict):
    state: str
    timestamp: datetime
    message: dict[str, Any]


@closed
class A2ATaskOut(TypedDict):
    """A run as the A2A protocol has tasks."""

    id: str
    contextId: str
    status: A2AStatus
    artifacts: list[dict[str, Any]]
    history: list[dict[str, Any]]
    metadata: dict[str, Any]


class RunTrace(Endpoint):
    """`GET /runs/{id}/trace/`: opens in Perfetto and in Chrome's tracing."""

    @Operation({200: Raw(JSON, kind=Trace)}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int) -> HttpResponseBase:
        found = access.run_for(self.principal, run)
        return _file(trace.chunks(found, history.read(found, timezone.now())), JSON, f"run-{run}-trace.json")


class ReportQuery(Wire):
    format: Literal["json", "csv", "html"] = "json"


class RunReport(Endpoint):
    """`GET /runs/{id}/report/`: all of a run, for machines, for spreadsheets, or for people."""

    @Operation({200: Raw(JSON, (CSV, HTML), kind=Report)}, query=ReportQuery, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int, query: ReportQuery) -> HttpResponseBase:
        found, now = access.run_for(self.principal, run), timezone.now()
        if query.format == "csv":
            lines = (text.encode() for text in exports.csv_chunks([found]))
            return _file(lines, f"{CSV}; charset=utf-8", f"run-{run}.csv")
        if query.format == "html":
            page: Callable[[Run, datetime], str] = import_string(settings.RUN_REPORT_PAGE)
            response = _file(iter([page(found, now).encode()]), f"{HTML}; charset=utf-8", f"run-{run}.html")
            response["Content-Security-Policy"] = POLICY
            response["Content-Disposition"] = f'inline; filename="run-{run}.html"'
            return response
        head = run_out(found) | {
            "progress": queries.snapshot_of(run, vars(found), now),
            "insight": told.insight(found, gained.gained(found, now)),
        }
        return _file(exports.json_chunks(found, head), JSON, f"run-{run}.json")


class RunBadge(Endpoint):
    """`GET /runs/{id}/badge.svg`"""

    @Operation({200: Raw(SVG)}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int) -> HttpResponseBase:
        found = access.run_for(self.principal, run)
        snapshot = queries.snapshot_of(run, vars(found), timezone.now())
        return HttpResponse(badge.svg(snapshot), content_type=SVG, headers={"Cache-Control": "private, no-cache"})


class A2ATask(Endpoint):
    """`GET /a2a/tasks/{id}`"""

    @Operation({200: A2ATaskOut}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int) -> A2ATaskOut:
        return cast(A2ATaskOut, a2a.task(access.run_for(self.principal, run)))


def _file(parts: Iterator[bytes], media_type: str, name: str) -> HttpResponseBase:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Streamed(parts, content_type=media_type, headers=headers)
