"""How long a subtask is expected to take, in seconds, before it has run."""

from typing import Any


def told(executor: dict[str, Any] | None, estimated: float | None) -> float | None:
    """What the user estimated, else what the work says of itself, else None."""
    if estimated is not None:
        return estimated
    if executor and executor.get("name") == "simulate":
        return float(executor.get("seconds", 0))
    return None


def seconds(executor: dict[str, Any] | None, estimated: float | None, unknown: float) -> float:
    """The same; `unknown` where nothing is told."""
    found = told(executor, estimated)
    return unknown if found is None else found
