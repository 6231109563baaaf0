"""What is said about an attempt, and the answer: plain values that travel between agents, ledger and transitions."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

from runs.leases import Lease


class Said(Enum):
    """What a report says. The last six end the attempt."""

    START = "start"
    BEAT = "beat"
    COMPLETE = "complete"
    FAIL = "fail"
    TIME_OUT = "time_out"
    LOSE = "lose"
    RELEASE = "release"
    CANCEL = "cancel"


_GO_ON = (Said.START, Said.BEAT)


class Verdict(Enum):
    ACCEPTED = "accepted"
    SAME = "same"  # it had been accepted before, word for word
    REFUSED = "refused"  # another epoch, a lost lease, or an attempt that has ended
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.input_tokens or self.output_tokens or self.cost)


@dataclass(slots=True)
class Output:
    """Output as it was kept: bytes stored, whether more came, SHA-256 of what is stored."""

    size: int = 0
    truncated: bool = False
    digest: str = ""


@dataclass(slots=True)
class Found:
    """An attempt and its subtask as a report finds them."""

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


@dataclass
class Report:
    """One report. `at` is when it happened by the clock of whoever ran it, None for now.

    `worked_seconds`: what the work would have taken alone, None for as long as it took.
    `lease_ended_at`: a report made because that lease ran out; if it was renewed meanwhile, the report is refused.
    `taken_by`: the agent that takes up, with a start, what lies in a queue, free since `free_since`; it gets the
    `lease`. `question`: what a beat asks a person. `lease_expires_at`: until when an accepted beat has renewed it.
    `ack`: the messages that its agent knows, of a beat that wants `orders`: what the agent is to be told now.
    `found` (the attempt as it was found), `verdict`, `current` and `current_epoch` (its status and epoch as they stand)
    are filled in by `transitions.apply`.
    """

    said: Said
    run: int
    attempt: int
    epoch: int
    at: datetime | None = None
    lease_ended_at: datetime | None = None
    started_at: datetime | None = None
    progress: float | None = None
    message: str | None = None
    result: Any = None
    error: str = ""
    retryable: bool = True
    partial_result: Any = None
    warning: str = ""
    iterations: int = 1
    worked_seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    output: Output = field(default_factory=Output)
    question: str = ""
    ack: Sequence[int] | None = None
    orders: list[dict[str, Any]] = field(default_factory=list)
    found: Found | None = None
    taken_by: int | None = None
    free_since: datetime | None = None
    lease: Lease | None = None
    lease_expires_at: datetime | None = None
    verdict: Verdict | None = None
    current: str | None = None
    current_epoch: int | None = None

    @cached_property
    def digest(self) -> str:
        """Of the result, by which a repeated report is known to be the same."""
        return digest(self.result)

    @property
    def ends(self) -> bool:
        return self.said not in _GO_ON


def digest(result: Any) -> str:
    """SHA-256 of a result in one fixed spelling."""
    return hashlib.sha256(json.dumps(result, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
