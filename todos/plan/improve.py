"""Shorter schedules than list scheduling gives, for as long as there is time.

A population of orders is kept; two are crossed (Hartmann 1998), and what comes of it is pushed to the right and back to
the left, which never makes a schedule longer (forward–backward improvement: Li and Willis 1992; Valls, Ballestín and
Quintanilla 2005). The first orders follow noisy b-levels. It stops at the lower bound.
"""

from collections.abc import Callable, Sequence
from random import Random

from todos.plan import dispatch, serial
from todos.plan.bounds import ROUNDING, lower_bound
from todos.plan.dispatch import NO_RULES, Ranks, Rules
from todos.plan.problem import Problem, Schedule

POPULATION = 40
NOISE = 0.3
MUTATED = 0.2
SHIFT = 0.1
PATIENCE = 200
"""Tries without a better order after which the population is begun anew."""
EVOLVED_UP_TO = 2_000
"""Tasks; with more, the time is better spent on lists."""

Clock = Callable[[], float]
Order = list[int]


def ranks_of(levels: Sequence[float], priorities: Sequence[int] = ()) -> Ranks:
    """What a free agent looks at: the priority first (1 is highest), then the longest way to the end."""
    if not priorities:
        return [-level for level in levels]
    return [(priority, -level) for priority, level in zip(priorities, levels)]


def solve(problem: Problem, *, clock: Clock, seconds: float, seed: int = 0) -> Schedule:
    """The best schedule found in that time, never longer than plain list scheduling by b-level gives."""
    until = clock() + seconds
    return improve(problem, dispatch.schedule(problem, ranks_of(problem.levels)), clock=clock, until=until, seed=seed)


def improve(
    problem: Problem,
    first: Schedule,
    *,
    clock: Clock,
    until: float,
    seed: int = 0,
    priorities: Sequence[int] = (),
    rules: Rules = NO_RULES,
) -> Schedule:
    """A schedule that is not longer than `first`, from as much search as fits until the clock says `until`.

    Where priorities or rules hold, which only a dispatch keeps, or there are very many tasks, other lists are tried.
    """
    chance = Random(seed)  # noqa: S311 - chance, not secrets
    listed = rules or len(set(priorities)) > 1 or problem.size > EVOLVED_UP_TO
    search: _Lists | _Orders = (
        _Lists(problem, first, chance, priorities, rules) if listed else _Orders(problem, first, chance)
    )
    least = lower_bound(problem) + ROUNDING
    while search.makespan > least and clock() < until:
        search.step()
    return search.best


class _Lists:
    """List scheduling again and again, each time with b-levels that are noisier."""

    def __init__(
        self, problem: Problem, first: Schedule, chance: Random, priorities: Sequence[int], rules: Rules
    ) -> None:
        self.best, self.makespan = first, problem.makespan(first)
        self._problem, self._chance, self._priorities, self._rules = problem, chance, priorities, rules
        self._tries = 0

    def step(self) -> None:
        levels = noisy_levels(self._problem, self._chance, NOISE * (1 + self._tries % 40 / 10))
        self._tries += 1
        starts = dispatch.schedule(self._problem, ranks_of(levels, self._priorities), self._rules)
        if self._problem.makespan(starts) < self.makespan:
            self.best, self.makespan = starts, self._problem.makespan(starts)


class _Orders:
    """The population: each order with the makespan that it gave."""

    def __init__(self, problem: Problem, first: Schedule, chance: Random) -> None:
        self.problem = problem
        self.best, self.makespan = first, problem.makespan(first)
        self._chance = chance
        self._upwards = problem.order[::-1]
        self._orders: list[Order] = []
        self._makespans: list[float] = []
        self._stale = 0
        self._untried = [self._by_levels(problem.levels), sorted(problem.order, key=first.__getitem__)]

    def step(self) -> None:
        if self._stale > PATIENCE:
            self._orders, self._makespans, self._stale = [], [], 0
        self._stale += 1
        if self._untried:
            order = self._untried.pop()
        elif len(self._orders) < POPULATION:
            order = self._noisy()
        else:
            order = self._child()
        self._keep(*self._justify(serial.schedule(self.problem, order)))

    def _justify(self, starts: Schedule) -> tuple[Order, Schedule]:
        """Once to the right and once to the left: the order of the last pass, and its schedule."""
        self._note(starts)
        durations, backwards = self.problem.durations, self.problem.reverse
        ends = [-at - seconds for at, seconds in zip(starts, durations)]
        mirrored = serial.schedule(backwards, sorted(self._upwards, key=ends.__getitem__))
        begins = [-at - seconds for at, seconds in zip(mirrored, durations)]
        order = sorted(self.problem.order, key=begins.__getitem__)
        return order, serial.schedule(self.problem, order)

    def _note(self, starts: Schedule) -> float:
        makespan = self.problem.makespan(starts)
        if makespan < self.makespan:
            self.best, self.makespan = starts, makespan
        return makespan

    def _keep(self, order: Order, starts: Schedule) -> None:
        """In the place of the worst, unless it is worse still or there already."""
        makespan = self._note(starts)
        if len(self._orders) < POPULATION:
            self._orders.append(order)
            self._makespans.append(makespan)
            return
        worst = max(self._makespans)
        if makespan <= worst and order not in self._orders:
            if makespan < worst:
                self._stale = 0
            at = self._makespans.index(worst)
            self._orders[at], self._makespans[at] = order, makespan

    # ---- orders ----

    def _by_levels(self, levels: Sequence[float]) -> Order:
        return sorted(self.problem.order, key=levels.__getitem__, reverse=True)

    def _noisy(self) -> Order:
        return self._by_levels(noisy_levels(self.problem, self._chance, NOISE * (1 + len(self._orders) / 10)))

    def _child(self) -> Order:
        """A stretch of one order within another; now and then shaken."""
        mother, father = self._chance.sample(self._orders, 2)
        first, last = sorted(self._chance.randrange(self.problem.size + 1) for _ in "12")
        taken = set(mother[:first])
        middle = [task for task in father if task not in taken][: last - first]
        taken.update(middle)
        child = [*mother[:first], *middle, *(task for task in mother if task not in taken)]
        return self._shaken(child) if self._chance.random() < MUTATED else child

    def _shaken(self, order: Order) -> Order:
        """Every task moves a little, but none before one that it follows."""
        reach = self.problem.size * SHIFT * self._chance.random()
        places: list[float] = [0] * self.problem.size
        for place, task in enumerate(order):
            least = max((places[pred] for pred in self.problem.preds[task]), default=-reach)
            places[task] = max(place + reach * (2 * self._chance.random() - 1), least)
        return sorted(order, key=places.__getitem__)


def noisy_levels(problem: Problem, chance: Random, noise: float) -> list[float]:
    """b-levels as if each task took up to so much less or more, the part of it 0 to 1: they still fall along chains."""
    noise = min(noise, 1)
    found: list[float] = [0] * problem.size
    for task in reversed(problem.order):
        seconds = problem.durations[task] * (1 + noise * (2 * chance.random() - 1))
        found[task] = seconds + max((found[succ] for succ in problem.succs[task]), default=0)
    return found
