"""How long a subtask is expected to take, in seconds, before it has run."""

from typing import Any

from runs.engine.schedule import IN_PLACE_SECONDS
from todos.plan import words


def told(executor: dict[str, Any] | None, estimated: float | None) -> float | None:
    """What the user estimated, else what the work says of itself, else None."""
    if estimated is not None:
        return estimated
    if executor and executor.get("name") == "simulate":
        return float(executor.get("seconds", 0))
    return None


def seconds(executor: dict[str, Any] | None, estimated: float | None, unknown: float) -> float:
    """The same; `unknown` where nothing is told. A nested agent needs an attempt of its own: it is never quick work.
    What a person is asked is nobody's work, however long the answer takes."""
    if words.asks(executor):
        return 0.0
    found = told(executor, estimated)
    if found is not None and executor and executor.get("nested"):
        return max(found, IN_PLACE_SECONDS)
    return unknown if found is None else found
