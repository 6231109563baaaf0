"""Work that agents report by themselves, over REST: reports, and lists as agents keep them."""

from typing import Annotated, Any, Literal

from django.conf import settings
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs import access
from runs.api.attempts import UsageIn, usage
from runs.api.runs import MAKERS
from runs.tracking import book, named, reporters, sessions
from runs.tracking.book import Heard, Told
from todos.plan.words import Status
from todos.problems import Invalid, Missing
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import STORABLE, QueryTime, Wire
from todos.wire.inputs import Content, Key

MOST_REPORTS = 1_000
STATUS_OF = {"accepted": 200, "same": 200, "ignored": 200, "refused": 409}

StatusWord = Literal["pending", "in_progress", "completed", "failed", "cancelled"]
AgentName = Annotated[str, Field(max_length=200, pattern=r"\S"), STORABLE]
Text = Annotated[str, Field(max_length=10_000), STORABLE]


class ReportedIn(Wire):
    """What an agent says of one subtask. `at` is its own clock's; `usage` counts when the report ends the subtask;
    `only_new` says nothing of a subtask that is there already. `ago_seconds`: since it happened, by whoever tells."""

    key: Key
    status: StatusWord = "in_progress"
    agent: AgentName | None = None
    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    content: Content | None = None
    message: Text | None = None
    at: QueryTime | None = None
    result: Any = None
    error: Text = ""
    usage: UsageIn = UsageIn()
    only_new: bool = False
    ago_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0


class ReportsIn(Wire):
    reports: Annotated[list[ReportedIn], Field(min_length=1, max_length=MOST_REPORTS)]


class SessionReportsIn(ReportsIn):
    """`content`: what a run of this session is called; if left out, by the session's name."""

    content: Content | None = None


@closed
class ReportOut(TypedDict):
    """What came of a report. `outcome`: accepted, same (it stood so already), ignored (older than the last), refused
    (what has ended is never opened again). `subtask_status` is where the subtask stands now."""

    key: str
    status: int
    outcome: Literal["accepted", "same", "ignored", "refused"]
    subtask_status: str
    detail: str | None


@closed
class ReportsOut(TypedDict):
    run: str
    results: list[ReportOut]


class Reports(Endpoint):
    """`POST /runs/{id}/reports/`"""

    @Operation({200: ReportsOut}, body=ReportsIn, scopes=MAKERS, one_run=True, refusals=(409,), max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, run: int, body: ReportsIn) -> ReportsOut:
        found = access.run_for(self.principal, run)
        told = [_told(report) for report in body.reports]
        try:
            with book.opened(found, self.principal, stays_open_seconds=settings.TRACKED_OPEN_SECONDS) as opened:
                heard = book.told_all(opened, told, reporters.default_name(self.principal))
        except reporters.TooMany as error:
            raise Invalid.at("/reports", str(error)) from None
        results = [_heard(report.key, one) for report, one in zip(body.reports, heard, strict=True)]
        return {"run": str(run), "results": results}


class SessionReports(Endpoint):
    """`POST /sessions/{name}/reports/`"""

    @Operation({200: ReportsOut}, body=SessionReportsIn, scopes=MAKERS, refusals=(409,), max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, session: str, body: SessionReportsIn) -> ReportsOut:
        if len(session) > sessions.MAX_NAME:
            raise Missing(f"The name of a session has {sessions.MAX_NAME} characters at most.")
        told = [_told(report) for report in body.reports]
        try:
            run, heard = named.told(self.principal, session, body.content or session, told)
        except reporters.TooMany as error:
            raise Invalid.at("/reports", str(error)) from None
        results = [_heard(report.key, one) for report, one in zip(body.reports, heard, strict=True)]
        return {"run": str(run.pk), "results": results}


def _told(report: ReportedIn) -> Told:
    return Told(
        key=report.key,
        status=Status(report.status),
        agent=report.agent,
        progress=report.progress,
        content=report.content,
        message=report.message,
        at=report.at,
        result=report.result,
        error=report.error,
        usage=usage(report.usage),
        only_new=report.only_new,
        ago=report.ago_seconds,
    )


def _heard(key: str, heard: Heard) -> ReportOut:
    return {
        "key": key,
        "status": STATUS_OF[heard.outcome],
        "outcome": heard.outcome,  # type: ignore[typeddict-item]
        "subtask_status": heard.status,
        "detail": heard.detail,
    }
