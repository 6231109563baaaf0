"""What past runs gained, over REST."""

from datetime import datetime
from typing import Annotated

from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.estimating import record
from runs.insight import past
from runs.insight.told import EtaRecord
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation
from todos.rest.reading import DIGITS, Wire

DAYS = 30
MOST_DAYS = 3_650


@closed
class KindOut(TypedDict):
    kind: str
    runs: int
    speedup: float | None
    efficiency_percent: float | None
    overhead_seconds_per_subtask: float | None
    eta: EtaRecord | None


@closed
class PastRun(TypedDict):
    run: str
    content: str
    kind: str
    status: str
    finished_at: datetime
    elapsed_seconds: float
    speedup: float | None
    baseline_speedup: float | None
    efficiency_percent: float | None
    overhead_seconds_per_subtask: float | None
    eta_error_percent: float | None
    eta_coverage_percent: float | None
    verdict: str | None


@closed
class Insights(TypedDict):
    days: int
    runs: int
    speedup: float | None
    efficiency_percent: float | None
    overhead_seconds_per_subtask: float | None
    eta: EtaRecord | None
    kinds: list[KindOut]
    did_not_pay: list[str]
    results: list[PastRun]


class InsightsQuery(Wire):
    days: Annotated[int, Field(ge=1, le=MOST_DAYS), DIGITS] = DAYS


class PastRuns(Endpoint):
    """`GET /insights/`"""

    @Operation({200: Insights}, query=InsightsQuery)
    def get(self, request: Request, query: InsightsQuery) -> Insights:
        found = past.past(self.principal.owner_id, query.days, timezone.now())
        whole = _kind(found.whole)
        kept = record.by_run([line.run.pk for line in found.lines])
        return {
            "days": query.days,
            "runs": whole["runs"],
            "speedup": whole["speedup"],
            "efficiency_percent": whole["efficiency_percent"],
            "overhead_seconds_per_subtask": whole["overhead_seconds_per_subtask"],
            "eta": whole["eta"],
            "kinds": [_kind(kind) for kind in found.kinds],
            "did_not_pay": [str(line.run.pk) for line in found.did_not_pay],
            "results": [_run(line, kept.get(line.run.pk)) for line in found.lines],
        }


def _kind(found: past.Summary) -> KindOut:
    return {
        "kind": found.kind,
        "runs": found.runs,
        "speedup": found.speedup,
        "efficiency_percent": found.efficiency_percent,
        "overhead_seconds_per_subtask": found.overhead_seconds,
        "eta": found.eta,
    }


def _run(line: past.Line, kept: record.Record | None) -> PastRun:
    assert line.run.finished_at is not None
    told = line.progress
    return {
        "run": str(line.run.pk),
        "content": line.run.content,
        "kind": line.kind,
        "status": line.run.status,
        "finished_at": line.run.finished_at,
        "elapsed_seconds": told["elapsed_seconds"],
        "speedup": told["speedup"],
        "baseline_speedup": told["baseline_speedup"],
        "efficiency_percent": told["efficiency_percent"],
        "overhead_seconds_per_subtask": told["overhead_seconds_per_subtask"],
        "eta_error_percent": kept.error_percent if kept else None,
        "eta_coverage_percent": kept.coverage_percent if kept else None,
        "verdict": told["verdict"],
    }
