"""How long a subtask is expected to take, in seconds, before it has run."""

from typing import Any

UNKNOWN_SECONDS = 30.0


def seconds(executor: dict[str, Any] | None, estimated: float | None) -> float:
    """What the user estimated, else what the work says of itself, else the papers' default."""
    if estimated is not None:
        return estimated
    if executor and executor.get("name") == "simulate":
        return float(executor.get("seconds", 0))
    return UNKNOWN_SECONDS
