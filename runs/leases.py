"""A subtask on its way to an agent, as a plain value: chosen for it, then given to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runs.engine.modes import Mode


@dataclass(slots=True)
class Pick:
    """A subtask chosen for an agent. `available_at`: since when it could have run, ready and with the agent free.

    `started_at`: an embedded worker begins with the lease; work done in place began before it was written down.
    """

    subtask: int
    epoch: int
    lane: str
    alone: bool
    timeout_seconds: float
    agent: int
    available_at: datetime
    token: int | None = None
    started_at: datetime | None = None
    queued: bool = False  # nobody is at it until a worker takes it up; until then no lease runs


@dataclass(slots=True)
class Lease:
    """A subtask given to an agent: the attempt, its epoch, and what is to be done."""

    attempt: int
    epoch: int
    pick: Pick
    key: str
    content: str
    executor: dict[str, Any] | None
    inputs: dict[str, Any] | None
    attempts_used: int
    max_iterations: int
    declared: bool = False  # whether it says what it claims
    mode: str = Mode.INTERNAL
    verify: dict[str, Any] | None = None
