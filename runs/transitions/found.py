"""An attempt and its subtask as a report finds them."""

from dataclasses import dataclass
from typing import Any

from runs import statements as sql
from runs.journal import Entry


@dataclass(slots=True)
class Found:
    attempt: int
    epoch: int
    status: str
    agent: int
    available_at: Any
    started_at: Any
    leased_at: Any
    lease_expires_at: Any
    token: int | None
    subtask: int
    key: str
    subtask_epoch: int
    subtask_status: str
    lane: str
    alone: bool
    last_try: bool
    attempts_used: int
    max_retries: int
    timeout_seconds: float
    expected_seconds: float
    usual_seconds: float | None
    result_digest: str
    cancel_requested_at: Any
    declared: bool
    waits_for: str
    question: str
    asked_at: Any
    asked_seconds: float


def look_up(entry: Entry, attempts: set[int]) -> dict[int, Found]:
    rows = sql.ATTEMPTS([(number,) for number in attempts], run=entry.run_id)
    return {row[0]: Found(*row) for row in rows}


def note(entry: Entry, kind: str, found: Found, **more: Any) -> None:
    """An event about this attempt."""
    entry.note(kind, subtask=found.subtask, attempt=found.attempt, epoch=found.epoch, agent=found.agent, **more)
