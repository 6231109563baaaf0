"""Who may take a subtask: a worker of ours, an agent from outside, or whoever comes first."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from todos.plan import words

FROM_OUTSIDE = frozenset({"external", "tracked"})  # the backends that leave all work to agents from outside


class Mode(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"
    HYBRID = "hybrid"


def mode_of(
    executor: dict[str, Any] | None, lane: str, assigned_agent: str, *, backend: str, lanes: Mapping[str, Any]
) -> Mode:
    """As its lane says, else as the backend does. What has no executor only an agent can do; what asks a person needs
    neither; what is meant for one agent is not for whoever comes first."""
    if words.asks(executor):
        return Mode.INTERNAL
    if executor is None:
        return Mode.EXTERNAL
    usual = Mode.EXTERNAL if backend in FROM_OUTSIDE else Mode.INTERNAL
    mode = Mode((lanes.get(lane) or {}).get("mode") or usual)
    return Mode.EXTERNAL if mode is Mode.HYBRID and assigned_agent else mode


def takes_agents(backend: str, lanes: Mapping[str, Any]) -> bool:
    """Whether somebody said that agents from outside come to this run."""
    told = {(options or {}).get("mode") for options in lanes.values()}
    return backend in FROM_OUTSIDE or bool(told & {Mode.EXTERNAL, Mode.HYBRID})
