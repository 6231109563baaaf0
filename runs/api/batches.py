"""Many reports in one call, each with its own verdict."""

from typing import Annotated, Any, Literal

from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api.agents import LEASING
from runs.api.attempts import Epoch, Progress, Text, UsageIn, usage
from runs.api.delivering import Delivering
from runs.external import attempts
from runs.reports import Report, Said, Verdict
from todos.problems import TooLarge
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import MEBIBYTE, Operation
from todos.rest.reading import Id, Wire

MOST_REPORTS = 1_000
SAID = {None: Said.BEAT, "complete": Said.COMPLETE, "fail": Said.FAIL}


class AttemptReport(Wire):
    """`outcome` null: the attempt goes on."""

    attempt: Id
    epoch: Epoch
    progress: Progress | None = None
    message: Text | None = None
    outcome: Literal["complete", "fail"] | None = None
    result: Any = None
    error: Text | None = None
    retryable: bool = True
    usage: UsageIn | None = None


class ProgressIn(Wire):
    reports: Annotated[list[AttemptReport], Field(max_length=MOST_REPORTS)]


@closed
class ReportVerdict(TypedDict):
    status: int
    detail: str


@closed
class ProgressOut(TypedDict):
    results: list[ReportVerdict]


class ProgressReports(Delivering, Endpoint):
    """`POST /progress/`"""

    wrong: list[str]

    @Operation({200: ProgressOut}, body=ProgressIn, scopes=LEASING, one_run=True, apart=True, max_bytes=4 * MEBIBYTE)
    def post(self, request: Request, body: ProgressIn) -> ProgressOut:
        found: ProgressOut = self.deliver(body)
        return found

    def reports(self, body: Any, **path: int) -> list[Report]:
        reports = [_report(sent) for sent in body.reports]
        checked = attempts.checked(
            self.principal, (sent.attempt for sent in body.reports if sent.outcome == "complete")
        )
        self.wrong = [_wrong(sent, report, checked) for sent, report in zip(body.reports, reports)]
        attempts.admit(self.principal, [report for report, why in zip(reports, self.wrong) if not why])
        return reports

    def told(self, reports: list[Report]) -> ProgressOut:
        return {"results": [_verdict(report, why) for report, why in zip(reports, self.wrong)]}


def _report(sent: AttemptReport) -> Report:
    report = Report(SAID[sent.outcome], 0, sent.attempt, sent.epoch)
    report.progress, report.message, report.usage = sent.progress, sent.message, usage(sent.usage)
    report.result = sent.result
    report.error = sent.error or ("the agent did not say why" if sent.outcome == "fail" else "")
    report.retryable = sent.retryable
    return report


def _wrong(sent: AttemptReport, report: Report, checked: set[int]) -> str:
    """What is wrong with this one alone; "" when it can be delivered."""
    if sent.result is not None and sent.outcome != "complete":
        return "a result comes with the outcome complete"
    if sent.error is not None and sent.outcome != "fail":
        return "an error comes with the outcome fail"
    if sent.outcome == "complete" and sent.attempt in checked:
        return "its subtask has a check (verify): complete it by a call of its own"
    try:
        if report.result is not None:
            attempts.check_result(report, "/result")
    except TooLarge as error:
        return error.detail
    return ""


def _verdict(report: Report, wrong: str) -> ReportVerdict:
    if wrong:
        return {"status": 422, "detail": wrong}
    if report.verdict is Verdict.UNKNOWN:
        return {"status": 422, "detail": "there is no such attempt"}
    if report.verdict is Verdict.REFUSED:
        return {"status": 409, "detail": attempts.refusal(report)}
    return {"status": 200, "detail": str(report.verdict.value if report.verdict else "")}
