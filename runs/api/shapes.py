"""What the REST API answers about runs, and how it is built from rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from runs import queries
from runs.claims import waits
from runs.engine import states
from runs.models import Attempt, Run, Subtask, SubtaskDependency
from runs.planning.answers import RunLimits
from todos.rest.answers import closed
from todos.wire.answers import Counts

Status = str


@closed
class Usage(TypedDict):
    input_tokens: int
    output_tokens: int
    cost: float


@closed
class Budget(TypedDict):
    cost: float | None
    tokens: int | None


@closed
class AggregateShort(TypedDict):
    kind: str
    of: int
    completed: int
    error: str | None


@closed
class RunOut(TypedDict):
    id: str
    todo: str | None
    content: str
    status: Status
    end_reason: str | None
    strategy: str
    reason: str
    backend: str
    max_agents: int
    adaptive: bool
    fail_fast: bool
    barriers: bool
    phase: int | None
    budget: Budget
    lanes: dict[str, Any]
    counts: Counts
    success_rate: float | None
    retry_of: str | None
    baseline_of: str | None
    rollback_of: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: Any
    aggregate: AggregateShort | None
    usage: Usage


@closed
class Progress(TypedDict):
    run: str
    seq: int
    status: Status
    total: int
    completed: int
    in_progress: int
    pending: int
    failed: int
    cancelled: int
    skipped: int
    waiting: dict[str, int]
    retries: int
    losses: int
    agents_active: int
    max_agents: int
    progress: float
    elapsed_seconds: float
    paused_seconds: float
    person_seconds: float | None
    eta_seconds: float | None
    eta_low_seconds: float | None
    eta_high_seconds: float | None
    eta_confidence: float | None
    busy_seconds: float
    finished_work_seconds: float
    finished_work_known: float | None
    speedup: float | None
    theoretical_speedup: float | None
    limits: RunLimits
    efficiency_percent: float | None
    baseline_speedup: float | None
    overhead_seconds_per_subtask: float | None
    verdict: str | None
    verdict_reason: str | None
    verdict_cure: str | None
    agents_allowed: int
    agents_slowdown: float | None
    agents_peak: int | None
    updated_at: datetime


@closed
class AttemptOut(TypedDict):
    id: str
    epoch: int
    status: Status
    agent: str
    leased_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: float | None
    message: str
    iterations: int
    error: str | None
    partial_result: Any
    warning: str | None
    usage: Usage
    output_bytes: int
    output_truncated: bool


@closed
class SubtaskRow(TypedDict):
    id: str
    key: str
    content: str
    status: Status
    waiting_for: str | None
    waiting_detail: Any
    depends_on: list[str]
    when: str
    priority: int
    aged: int
    lane: str
    phase: int | None
    agent: str | None
    progress: float | None
    message: str
    executor: dict[str, Any] | None
    result: Any
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None


@closed
class SubtaskOut(SubtaskRow):
    attempts: list[AttemptOut]


@closed
class EventOut(TypedDict):
    seq: int
    topic: str
    kind: str
    subtask: str | None
    attempt: str | None
    epoch: int | None
    agent: str | None
    status: str | None
    at: datetime
    data: Any


@closed
class Events(TypedDict):
    results: list[EventOut]
    last_seq: int


def run_out(run: Run) -> RunOut:
    ended = run.completed + run.failed
    return {
        "id": str(run.pk),
        "todo": str(run.todo_id) if run.todo_id else None,
        "content": run.content,
        "status": run.status,
        "end_reason": run.end_reason or None,
        "strategy": run.strategy,
        "reason": run.reason,
        "backend": run.backend,
        "max_agents": run.max_agents,
        "adaptive": run.adaptive,
        "fail_fast": run.fail_fast,
        "barriers": run.barriers,
        "phase": run.phase,
        "budget": {"cost": run.budget.get("cost"), "tokens": run.budget.get("tokens")},
        "lanes": run.lanes,
        "counts": {
            "total": run.total,
            "pending": run.pending,
            "in_progress": run.in_progress,
            "completed": run.completed,
            "failed": run.failed,
            "cancelled": run.cancelled,
            "skipped": run.skipped,
        },
        "success_rate": run.completed / ended if ended else None,
        "retry_of": str(run.retry_of_id) if run.retry_of_id else None,
        "baseline_of": str(run.baseline_of_id) if run.baseline_of_id else None,
        "rollback_of": str(run.rollback_of_id) if run.rollback_of_id else None,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "result": run.result,
        "aggregate": run.aggregate,
        "usage": {"input_tokens": run.input_tokens, "output_tokens": run.output_tokens, "cost": run.cost},
    }


def subtask_rows(run: Run, subtasks: Sequence[Subtask]) -> list[SubtaskRow]:
    """A fixed number of queries, however many there are."""
    why = waits.of(run, subtasks)
    agents = queries.agents_of(subtasks)
    needs: dict[int, list[str]] = {}
    links = SubtaskDependency.objects.filter(after__in=[subtask.pk for subtask in subtasks]).order_by("pk")
    for after, key in links.values_list("after_id", "before__key"):
        needs.setdefault(after, []).append(key)
    return [
        _row(subtask, why.get(subtask.pk, waits.Waiting()), agents.get(subtask.pk), needs.get(subtask.pk, []))
        for subtask in subtasks
    ]


def _row(subtask: Subtask, wait: waits.Waiting, agent: str | None, needs: list[str]) -> SubtaskRow:
    return {
        "id": str(subtask.pk),
        "key": subtask.key,
        "content": subtask.content,
        "status": subtask.status,
        "waiting_for": wait.word,
        "waiting_detail": wait.detail,
        "depends_on": needs,
        "when": subtask.when,
        "priority": subtask.asked_priority,
        "aged": subtask.aged or 0,
        "lane": subtask.lane,
        "phase": subtask.phase,
        "agent": agent,
        "progress": subtask.progress,
        "message": subtask.message,
        "executor": subtask.executor,
        "result": subtask.result,
        "error": subtask.error or None,
        "started_at": subtask.started_at,
        "finished_at": subtask.finished_at,
    }


def subtask_out(run: Run, subtask: Subtask) -> SubtaskOut:
    return subtask_outs(run, [subtask])[0]


def subtask_outs(run: Run, subtasks: Sequence[Subtask]) -> list[SubtaskOut]:
    """The same with their attempts; a fixed number of queries too."""
    ids = [subtask.pk for subtask in subtasks]
    attempts: dict[int, list[AttemptOut]] = {}
    for attempt in Attempt.objects.filter(subtask__in=ids).select_related("agent").order_by("epoch"):
        attempts.setdefault(attempt.subtask_id, []).append(_attempt(attempt))
    rows = subtask_rows(run, subtasks)
    return [{**row, "attempts": attempts.get(number, [])} for number, row in zip(ids, rows)]


def _attempt(attempt: Attempt) -> AttemptOut:
    return {
        "id": str(attempt.pk),
        "epoch": attempt.epoch,
        "status": attempt.status,
        "agent": attempt.agent.name,
        "leased_at": attempt.leased_at,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "progress": attempt.progress,
        "message": attempt.message,
        "iterations": attempt.iterations,
        "error": attempt.error or None,
        "partial_result": attempt.partial_result,
        "warning": attempt.warning or None,
        "usage": {"input_tokens": attempt.input_tokens, "output_tokens": attempt.output_tokens, "cost": attempt.cost},
        "output_bytes": attempt.output_bytes,
        "output_truncated": attempt.output_truncated,
    }


ENDED = frozenset(states.RUN_TERMINAL)
