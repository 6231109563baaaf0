"""Reports of agents over REST, about the attempts they lease."""

from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api.agents import LEASING
from runs.api.delivering import Delivering
from runs.external import attempts, checking
from runs.reports import Report, Said, Usage
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import Id, Wire

MOST_TOKENS = 10**12
MOST_COST = 10**9

Epoch = Annotated[int, Field(ge=1, le=2**31 - 1)]
Progress = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=10_000)]


class UsageIn(Wire):
    """What was used since the last report."""

    input_tokens: Annotated[int, Field(ge=0, le=MOST_TOKENS)] = 0
    output_tokens: Annotated[int, Field(ge=0, le=MOST_TOKENS)] = 0
    cost: Annotated[float, Field(ge=0, le=MOST_COST, allow_inf_nan=False)] = 0


class ReportIn(Wire):
    epoch: Epoch
    usage: UsageIn | None = None


class HeartbeatIn(ReportIn):
    """`ack`: ids of messages that the agent knows."""

    progress: Progress | None = None
    message: Text | None = None
    ack: Annotated[list[Id], Field(max_length=1_000)] = []


class CompleteIn(ReportIn):
    """`output`: the last of it, behind what has been sent in chunks."""

    result: Any = None
    output: str = ""


class FailIn(ReportIn):
    error: Text = ""
    retryable: bool = True
    partial_result: Any = None
    output: str = ""


class OutputIn(ReportIn):
    """`offset`: the byte at which the text begins, in UTF-8."""

    offset: Annotated[int, Field(ge=0, le=2**53)]
    text: str


class AskIn(ReportIn):
    question: Annotated[str, Field(min_length=1, max_length=9_000, pattern=r"\S")]


@closed
class CommandOut(TypedDict):
    id: str | None
    command: str
    priority: int
    data: Any


@closed
class Heartbeat(TypedDict):
    lease_expires_at: datetime
    commands: list[CommandOut]


@closed
class AttemptState(TypedDict):
    attempt: str
    epoch: int
    status: str


@closed
class OutputState(TypedDict):
    offset: int


def usage(sent: UsageIn | None) -> Usage:
    return Usage(sent.input_tokens, sent.output_tokens, sent.cost) if sent else Usage()


class AttemptEndpoint(Endpoint):
    """What all reports begin with."""

    def begin(self, number: int, said: Said, body: ReportIn, *, lent: bool = False) -> tuple[attempts.About, Report]:
        attempt = attempts.find(self.principal, number, lent=lent)
        report = attempts.report_on(attempt, said, body.epoch)
        report.usage = usage(body.usage)
        return attempt, report


def _state(report: Report) -> AttemptState:
    return {"attempt": str(report.attempt), "epoch": report.epoch, "status": report.current or ""}


def _reports(answer: Any, body: Any, max_bytes: int = MEBIBYTE) -> Operation:
    return Operation(
        {200: answer}, body=body, scopes=LEASING, one_run=True, refusals=(409,), apart=True, max_bytes=max_bytes
    )


class AttemptHeartbeat(AttemptEndpoint, Delivering):
    """`POST /attempts/{id}/heartbeat/`"""

    @_reports(Heartbeat, HeartbeatIn)
    def post(self, request: Request, attempt: int, body: HeartbeatIn) -> Any:
        return self.deliver(body, attempt=attempt)

    def reports(self, body: Any, **path: int) -> list[Report]:
        _, report = self.begin(path["attempt"], Said.BEAT, body, lent=True)
        report.progress, report.message, report.ack = body.progress, body.message, body.ack
        return [report]

    def told(self, reports: list[Report]) -> Heartbeat:
        [report] = reports
        attempts.check(report)
        assert report.lease_expires_at is not None
        told: list[CommandOut] = [cast(CommandOut, order) for order in report.orders]
        return {"lease_expires_at": report.lease_expires_at, "commands": told}


class AttemptComplete(AttemptEndpoint):
    """`POST /attempts/{id}/complete/`"""

    @_reports(AttemptState, CompleteIn, max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, attempt: int, body: CompleteIn) -> Any:
        return self.at_once(body, attempt)

    def at_once(self, body: CompleteIn, attempt: int) -> AttemptState:
        found, report = self.begin(attempt, Said.COMPLETE, body)
        report.result = body.result
        attempts.check_result(report, "/result")
        if not checking.claim(report, found, body.output):
            attempts.end(report, found, body.output)
        return _state(report)


class AttemptFail(AttemptEndpoint):
    """`POST /attempts/{id}/fail/`"""

    @_reports(AttemptState, FailIn, max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, attempt: int, body: FailIn) -> Any:
        found, report = self.begin(attempt, Said.FAIL, body)
        report.error = body.error or "the agent did not say why"
        report.retryable = body.retryable
        report.partial_result = body.partial_result
        attempts.end(report, found, body.output)
        return _state(report)


class AttemptRelease(AttemptEndpoint):
    """`POST /attempts/{id}/release/`"""

    @_reports(AttemptState, ReportIn)
    def post(self, request: Request, attempt: int, body: ReportIn) -> Any:
        found, report = self.begin(attempt, Said.RELEASE, body)
        attempts.end(report, found, "")
        return _state(report)


class AttemptOutput(AttemptEndpoint):
    """`POST /attempts/{id}/output/`"""

    @_reports(OutputState, OutputIn)
    def post(self, request: Request, attempt: int, body: OutputIn) -> Any:
        found, report = self.begin(attempt, Said.BEAT, body)
        return {"offset": attempts.write(report, found, body.offset, body.text)}


class AttemptAsk(AttemptEndpoint):
    """`POST /attempts/{id}/ask/`"""

    @_reports(AttemptState, AskIn)
    def post(self, request: Request, attempt: int, body: AskIn) -> Any:
        _, report = self.begin(attempt, Said.BEAT, body)
        report.question = body.question
        attempts.deliver(report)
        return _state(report)
