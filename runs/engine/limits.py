"""How much a run can gain by its plan: at least, at most, and what sets the upper limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.engine.speedup import NEAR
from todos.plan import bounds

CRITICAL_PATH, AGENTS, RESOURCE, BARRIERS = "critical_path", "agents", "resource", "barriers"


@dataclass(frozen=True, slots=True)
class Limits:
    """Speedups against one agent. `amdahl` is null where anything but dependencies may keep subtasks apart; `resource`
    names what binds where that is one."""

    amdahl: float | None
    work_span: float | None
    binding: str | None
    resource: dict[str, str] | None


NONE = Limits(None, None, None, None)


def limits(run: Mapping[str, Any]) -> Limits:
    """By the columns of a run; all null where nothing is expected of it."""
    work, most = run["work_seconds"], run["theoretical_speedup"]
    if not work or not most:
        return NONE
    agents = 1 if run["strategy"] == "sequential" else run["max_agents"]
    apart = run["claiming"] or run["barriers"] or any((lane or {}).get("concurrency") for lane in run["lanes"].values())
    apart = apart or run["strategy"] != "parallel" or run["shape"].get("alone")
    resource = run["shape"].get("bound_by")
    return Limits(
        None if apart else bounds.amdahl(run["critical_path_seconds"] / work, agents),
        most,
        RESOURCE if resource else _binding(run, work / most),
        resource,
    )


def _binding(run: Mapping[str, Any], least: float) -> str:
    """`least`: the seconds below which it cannot be."""
    if run["critical_path_seconds"] >= least * (1 - NEAR):
        return CRITICAL_PATH
    agents = run["max_agents"]
    phased = run["barriers"] and run["work_seconds"] / agents < least * (1 - NEAR) and not run["shape"].get("alone")
    return BARRIERS if phased else AGENTS
