"""The states of runs, subtasks and attempts, and the only ways from one to the next.

`VERBS` is the whole table: what each verb requires and what it leads to. `runs/transitions.py` carries it out,
`runs/verify.py` checks that the recorded history kept to it.
"""

from dataclasses import dataclass
from enum import StrEnum

from todos.plan.words import TERMINAL, Status

__all__ = [
    "ATTEMPT_OPEN",
    "NOT_STARTABLE",
    "RUN_TERMINAL",
    "RUN_UNENDED",
    "RUN_VERBS",
    "TERMINAL",
    "VERBS",
    "WAIT_COUNTER",
    "Attempt",
    "Run",
    "Status",
    "Verb",
    "Wait",
]


class Run(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUN_TERMINAL = frozenset({Run.COMPLETED, Run.FAILED, Run.CANCELLED})
RUN_UNENDED = frozenset(Run) - RUN_TERMINAL


class Attempt(StrEnum):
    LEASED = "leased"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    CANCELLED = "cancelled"


ATTEMPT_OPEN = frozenset({Attempt.LEASED, Attempt.RUNNING})


class Wait(StrEnum):
    """Why a pending subtask has not started, or what an attempt in progress waits for."""

    DEPENDENCY = "dependency"
    CAPACITY = "capacity"
    RESOURCE = "resource"
    RATE_LIMIT = "rate_limit"
    RETRY = "retry"
    PAUSED = "paused"
    BARRIER = "barrier"
    AGENT = "agent"
    PERSON = "person"
    QUOTA = "quota"


# Of those that are out of the line though they could start, a run keeps the numbers under these names.
WAIT_COUNTER = {Wait.RESOURCE: "held_back", Wait.RATE_LIMIT: "rate_limited"}
# All the numbers that a run keeps of pending subtasks which cannot start; each is in one of them at most.
NOT_STARTABLE = ("blocked", "delayed", "outside", *WAIT_COUNTER.values())


@dataclass(frozen=True, slots=True)
class Verb:
    """One transition: the subtask's and the attempt's states it may start from, and those it leads to.

    `attempt_from` None: it makes the attempt (or needs none, when `attempt_to` is None too). `subtask_to` None: the
    subtask keeps its state.
    """

    subtask_from: frozenset[Status]
    subtask_to: Status | None
    attempt_from: frozenset[Attempt] | None = None
    attempt_to: Attempt | None = None


_PENDING = frozenset({Status.PENDING})
_IN_PROGRESS = frozenset({Status.IN_PROGRESS})
_LEASED = frozenset({Attempt.LEASED})

VERBS: dict[str, Verb] = {
    "lease": Verb(_PENDING, Status.IN_PROGRESS, None, Attempt.LEASED),
    "start": Verb(_IN_PROGRESS, None, _LEASED, Attempt.RUNNING),
    "complete": Verb(_IN_PROGRESS, Status.COMPLETED, ATTEMPT_OPEN, Attempt.SUCCEEDED),
    # An attempt that did not succeed leaves its subtask pending (another try) or failed (no more tries).
    "retry_failed": Verb(_IN_PROGRESS, Status.PENDING, ATTEMPT_OPEN, Attempt.FAILED),
    "retry_timed_out": Verb(_IN_PROGRESS, Status.PENDING, ATTEMPT_OPEN, Attempt.TIMED_OUT),
    "retry_lost": Verb(_IN_PROGRESS, Status.PENDING, ATTEMPT_OPEN, Attempt.LOST),
    "fail": Verb(_IN_PROGRESS, Status.FAILED, ATTEMPT_OPEN, Attempt.FAILED),
    "time_out": Verb(_IN_PROGRESS, Status.FAILED, ATTEMPT_OPEN, Attempt.TIMED_OUT),
    "lose": Verb(_IN_PROGRESS, Status.FAILED, ATTEMPT_OPEN, Attempt.LOST),
    "release": Verb(_IN_PROGRESS, Status.PENDING, ATTEMPT_OPEN, Attempt.CANCELLED),
    "cancel": Verb(_IN_PROGRESS, Status.CANCELLED, ATTEMPT_OPEN, Attempt.CANCELLED),
    # An attempt that was asked to stop is not tried again, however it ends.
    "cancel_failed": Verb(_IN_PROGRESS, Status.CANCELLED, ATTEMPT_OPEN, Attempt.FAILED),
    "cancel_timed_out": Verb(_IN_PROGRESS, Status.CANCELLED, ATTEMPT_OPEN, Attempt.TIMED_OUT),
    "cancel_lost": Verb(_IN_PROGRESS, Status.CANCELLED, ATTEMPT_OPEN, Attempt.LOST),
    "cancel_pending": Verb(_PENDING, Status.CANCELLED),
    "skip": Verb(_PENDING, Status.SKIPPED),
    # It claims more than there is: nobody will ever start it.
    "give_up": Verb(_PENDING, Status.FAILED),
    "carry_over": Verb(_PENDING, Status.COMPLETED),
}

RUN_VERBS: dict[str, tuple[frozenset[Run], Run]] = {
    "start": (frozenset({Run.PENDING}), Run.RUNNING),
    "pause": (frozenset({Run.PENDING, Run.RUNNING}), Run.PAUSED),
    "resume": (frozenset({Run.PAUSED}), Run.RUNNING),
    "close_completed": (frozenset({Run.PENDING, Run.RUNNING, Run.PAUSED}), Run.COMPLETED),
    "close_failed": (frozenset({Run.PENDING, Run.RUNNING, Run.PAUSED}), Run.FAILED),
    "close_cancelled": (frozenset({Run.PENDING, Run.RUNNING, Run.PAUSED}), Run.CANCELLED),
}


def closing_status(*, failed: int, cancelled: int, cancel_requested: bool) -> Run:
    """The state of a run whose subtasks have all ended: completed when all were completed or skipped."""
    if not failed and not cancelled:
        return Run.COMPLETED
    return Run.CANCELLED if cancel_requested else Run.FAILED
