"""What is expected to come of a run: who would do what, and when, if everything took as long as is expected. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from todos.plan import conflicts, dispatch
from todos.plan.claims import Claim
from todos.plan.dispatch import Rules
from todos.plan.problem import Problem

LEAST_STRETCH, MOST_STRETCH = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """A subtask under way or pending. `seconds` are those it still takes; `seat`: who is at it, None if nobody is.
    `needs`: numbers of others."""

    key: str
    seconds: float
    rank: tuple[int, float, int]
    needs: Sequence[int] = ()
    seat: int | None = None
    lane: str = "query"
    alone: bool = False
    claims: Sequence[Claim] | None = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`seats`: whoever may be at it at a time, by number; `lanes`: how many of a lane at a time; `capacity`: by kind,
    and by kind and name where it differs."""

    seats: Sequence[int]
    hybrid: bool = False
    lanes: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coming:
    """One that has not begun: seconds from now."""

    key: str
    seat: int
    start: float
    end: float


def ahead(tasks: Sequence[Task], rule: Rule, over_in: float | None = None) -> list[Coming]:
    """What is pending, in the order in which it begins. `over_in`: when all is expected to be over, if anybody knows
    better; what is pending is stretched to that, within reason. Raises conflicts.TooMany."""
    problem = _problem(tasks, rule, 1.0)
    starts = _scheduled(problem, tasks, rule)
    whole = problem.makespan(starts)
    if over_in and whole:
        problem = _problem(tasks, rule, min(MOST_STRETCH, max(LEAST_STRETCH, over_in / whole)))
        starts = _scheduled(problem, tasks, rule)
    return _seated(tasks, rule, starts, [start + seconds for start, seconds in zip(starts, problem.durations)])


def _problem(tasks: Sequence[Task], rule: Rule, stretch: float) -> Problem:
    claims = {at: task.claims or () for at, task in enumerate(tasks)}
    units = conflicts.units(claims, lambda kind, name: rule.capacity.get(f"{kind} {name}", rule.capacity.get(kind, 1)))
    demands: list[dict[int, int]] = [{} for _ in tasks]
    for number, limit in enumerate(units):
        for at, held in limit.held.items():
            demands[at][number] = held
    lanes = [lane for lane in rule.lanes if any(task.lane == lane for task in tasks)]
    for number, lane in enumerate(lanes, len(units)):
        for at, task in enumerate(tasks):
            if task.lane == lane:
                demands[at][number] = 1
    return Problem(
        durations=[task.seconds * (stretch if task.seat is None else 1.0) for task in tasks],
        preds=[task.needs for task in tasks],
        agents=max(len(rule.seats), sum(task.seat is not None for task in tasks)),
        demands=demands,
        capacity=[*(limit.capacity for limit in units), *(rule.lanes[lane] for lane in lanes)],
        alone=frozenset(at for at, task in enumerate(tasks) if task.alone and task.seat is None),
    )


def _scheduled(problem: Problem, tasks: Sequence[Task], rule: Rule) -> list[float]:
    """What is under way goes first, so it begins at once."""
    ranks = [(task.seat is None, task.rank) for task in tasks]
    writes = frozenset(at for at, task in enumerate(tasks) if rule.hybrid and task.lane == "execute")
    return dispatch.schedule(problem, ranks, Rules(writes))


def _seated(tasks: Sequence[Task], rule: Rule, starts: Sequence[float], ends: Sequence[float]) -> list[Coming]:
    """Whoever is free for longest takes the next one."""
    free_at = dict.fromkeys(rule.seats, 0.0)
    for at, task in enumerate(tasks):
        if task.seat is not None:
            free_at[task.seat] = max(free_at.get(task.seat, 0.0), ends[at])
    free = [(time, seat) for seat, time in free_at.items()]
    heapify(free)
    found = []
    for at in sorted(range(len(tasks)), key=lambda at: (starts[at], tasks[at].rank)):
        if tasks[at].seat is None and free:
            _, seat = heappop(free)
            heappush(free, (ends[at], seat))
            found.append(Coming(tasks[at].key, seat, starts[at], ends[at]))
    return found
