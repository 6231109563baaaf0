"""What an estimate is made from: what could be seen of a run at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """Tasks of the queue that begin when all before them are over, and the agents they are shared among."""

    queue: Sequence[int]
    agents: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that is claimed: how much of it there is, and how much each task holds of it while it runs."""

    capacity: int
    held: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a run; tasks are numbered from 0, times are seconds.

    kinds: of each task, what tasks of like duration have in common; preds: of each task, what must end before it.
    done: how long each finished task took; running: how long each running one has been at it.
    queue: what has not started, first things first; order: all tasks, as they started and then as in the queue.
    history: for each earlier run its (kind, seconds), one of each finished task; guessed: it is what somebody thinks.
    limits: after how long a task is stopped; stages: the queue in parts that come one after the other, if it has any.
    turns: for each thing that tasks claim and that is not enough for all, who holds how much of it.
    """

    now: float
    agents: int
    kinds: Sequence[str]
    preds: Sequence[Sequence[int]]
    done: Mapping[int, float]
    running: Mapping[int, float]
    queue: Sequence[int]
    order: Sequence[int]
    history: Sequence[Sequence[tuple[str, float]]] = ()
    guessed: bool = False
    limits: Mapping[int, float] = field(default_factory=dict)
    stages: Sequence[Stage] = ()
    turns: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds until the run is over: half of the simulations end sooner; 80 % of the runs end within the band."""

    eta: float
    low: float
    high: float

    def early(self, elapsed: float) -> bool:
        """Whether it is too early to tell: the band is wider than the whole run is long."""
        return self.high - self.low > elapsed + self.eta
