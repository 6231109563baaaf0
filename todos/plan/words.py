"""The words of the contract: statuses, lanes, priorities, and what follows from an executor's name."""

from enum import StrEnum

PRIORITIES = {"high": 1, "medium": 3, "low": 5}
APPROVAL = "approval"
EXECUTORS = ("shell", "search", "read", "http", "agent", "python", "web_search", "simulate", APPROVAL)
# These run programs or reach the network: making them needs the command permission.
COMMANDING = frozenset({"shell", "agent", "python", "http"})
READ_ONLY = frozenset({"read", "search", "web_search", "simulate", "approval"})


class Status(StrEnum):
    """Of a todo and of a subtask."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.SKIPPED})


class Lane(StrEnum):
    QUERY = "query"
    EXECUTE = "execute"


class When(StrEnum):
    """After which ends of what it depends on a subtask starts: once all are completed, once all have ended, or once all
    have ended and one of them failed."""

    SUCCESS = "success"
    ALWAYS = "always"
    FAILED = "failed"


def asks(executor: dict | None) -> bool:
    """Whether it asks a person."""
    return executor is not None and executor.get("name") == APPROVAL


def lane_of(executor: dict | None) -> Lane:
    """The lane of a subtask that names none: query when its executor only reads, execute for the rest."""
    if executor is None or executor.get("name") in READ_ONLY:
        return Lane.QUERY
    if executor.get("name") == "http" and str(executor.get("method", "GET")).upper() == "GET":
        return Lane.QUERY
    return Lane.EXECUTE
