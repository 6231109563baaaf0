"""What of a run cannot go on side by side: the rest of it as stages, one after the other.

Barriers make a stage of each phase. What runs alone comes one at a time, and under `hybrid` changes come after what
only reads. A limit of a lane is kept to where only that lane is left. What claims make wait
is not in them: `simulate` has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.engine.estimate.state import Stage


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that has not started. `declared`: it says what it claims."""

    task: int
    phase: int | None = None
    lane: str = "query"
    alone: bool = False
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run goes. `agents`: how many may be at it at a time."""

    strategy: str
    agents: int
    barriers: bool
    lane_limits: Mapping[str, int]


def stages(queue: Sequence[Waiting], rules: Rules) -> list[Stage]:
    """`queue`: first things first."""
    if not rules.barriers:
        return _within(queue, rules)
    phases = sorted({one.phase for one in queue if one.phase is not None})
    first = phases[0] if phases else None
    groups: list[Sequence[Waiting]] = [
        [one for one in queue if one.phase == phase or (one.phase is None and phase == first)] for phase in phases
    ]
    return [stage for group in groups or [queue] for stage in _within(group, rules)]


def _within(queue: Sequence[Waiting], rules: Rules) -> list[Stage]:
    """What nothing bars."""
    if rules.strategy == "sequential":
        return [Stage([one.task for one in queue], 1)]
    parts = [[one for one in queue if not one.alone]]
    if rules.strategy == "hybrid":
        parts = [[one for one in part if one.lane == lane] for part in parts for lane in ("query", "execute")]
    found = [Stage([one.task for one in part], _agents(part, rules)) for part in parts]
    found.append(Stage([one.task for one in queue if one.alone], 1))
    return [stage for stage in found if stage.queue] or [Stage([], rules.agents)]


def _agents(part: Sequence[Waiting], rules: Rules) -> int:
    lanes = {one.lane for one in part}
    if rules.strategy == "hybrid" and lanes == {"execute"} and not all(one.declared for one in part):
        return 1
    return max(1, min(rules.agents, sum(rules.lane_limits.get(lane, rules.agents) for lane in lanes)))
