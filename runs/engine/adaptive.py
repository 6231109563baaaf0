"""How many agents a run takes when they slow each other down: fewer, one at a time, and more again when it has passed.

Compared is how long subtasks took with what they would have taken alone. Agents that share too few processors take
longer and get no more done; others do not, and are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

SLOW = 1.15  # times as long as alone: from here on agents slow each other down
FEWEST = 4  # subtasks that have ended since the last step, before there is another
HURT = 0.95  # of the work that was done in a second before a step: less shows that the step was wrong
MOST_DOUBLINGS = 5
RECENT = 16  # of the subtasks that have ended, as many are looked at
SHORTEST_SECONDS = 0.1  # what takes less is run in place, and says nothing


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the number of agents: from, to, why, and how slow they were (actual / alone, the median)."""

    agents: int
    to: int
    slowdown: float
    reason: str

    @property
    def kind(self) -> str:
        return "agents_narrowed" if self.to < self.agents else "agents_widened"

    @property
    def rate(self) -> float:
        """The work done in a second before it, in that of an agent alone."""
        return self.agents / self.slowdown


@dataclass(frozen=True, slots=True)
class Pace:
    """A run as it goes. `slowdowns`: actual / alone of subtasks begun since the last step, in the order of their ends;
    `steps`: how many there were."""

    agents: int
    asked: int
    slowdowns: Sequence[float]
    steps: int = 0
    last: Step | None = None


def decide(pace: Pace) -> Step | None:
    """The next step, by one agent and never below one; None: go on as it is.

    A step that did not help is taken back. Turning round takes longer each time, so that the number settles.
    """
    ended = len(pace.slowdowns)
    if ended < FEWEST:
        return None
    slow = max(1.0, median(pace.slowdowns[-RECENT:]))
    patient = ended >= FEWEST * 2 ** min(pace.steps, MOST_DOUBLINGS)
    last = pace.last
    if last and last.to < last.agents and pace.agents / slow < HURT * last.rate:
        return Step(pace.agents, pace.agents + 1, slow, "fewer got less done")
    if slow > SLOW and pace.agents > 1:
        taken_back = last is not None and last.to > last.agents and last.slowdown > SLOW
        if patient or not taken_back:
            return Step(pace.agents, pace.agents - 1, slow, "they slow each other down")
    if slow <= SLOW and pace.agents < pace.asked and patient:
        return Step(pace.agents, pace.agents + 1, slow, "they do not slow each other down any more")
    return None
