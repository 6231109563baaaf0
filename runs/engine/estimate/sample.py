"""How long tasks may take: durations seen, moved to this run, drawn again and again."""

from collections.abc import Sequence

import numpy as np

from runs.engine.estimate import defaults as d
from runs.engine.estimate.history import Floats, Known, Whole
from runs.engine.estimate.line import Line
from runs.engine.estimate.state import State

# Deviations of a normal variable, for as long as there are few of our own.
USUAL = np.array([-1.5, -0.75, -0.25, 0.25, 0.75, 1.5])
ENOUGH = 12  # deviations of a kind's own


def draw(state: State, kind: Whole, known: Known, line: Line, chance: np.random.Generator) -> Floats:
    """For each simulation and task the seconds it takes from its start; of running ones, those from now on."""
    sample = _Sample(known, line, chance)
    left = np.zeros((d.SIMULATIONS, len(kind)))
    queue = np.asarray(state.queue, dtype=np.int64)
    for one in np.unique(kind[queue]).tolist():
        tasks = queue[kind[queue] == one]
        left[:, tasks] = sample.durations(one, len(tasks))
    for task, elapsed in state.running.items():
        left[:, task] = sample.remaining(int(kind[task]), elapsed)
    if state.limits:
        tasks = list(state.limits)
        most = np.array([max(0.0, state.limits[task] - state.running.get(task, 0.0)) for task in tasks])
        left[:, tasks] = np.minimum(left[:, tasks], most)
    return left


class _Sample:
    """Of each kind the durations it is drawn from, with weights that differ from simulation to simulation: how much
    is known decides by how much simulations differ (a Bayesian bootstrap)."""

    def __init__(self, known: Known, line: Line, chance: np.random.Generator) -> None:
        self.known, self.line, self.chance = known, line, chance
        size = len(known.level)
        self.rows = np.arange(d.SIMULATIONS)
        self.of = np.concatenate([known.of, line.ended])
        rest = np.concatenate([known.rest, line.rest])
        square = np.bincount(self.of, rest**2, size)
        self.spread = np.sqrt((4 * line.within + square) / (4 + np.bincount(self.of, minlength=size)))
        self.rest = rest / self.spread[self.of]
        self.shared = _thin(np.clip(np.concatenate([self.rest, USUAL]), -d.TAIL, d.TAIL))
        self.wide = _wide(known, line)
        root = np.linalg.cholesky(line.covariance)
        self.lines = line.coefficients + chance.standard_normal((d.SIMULATIONS, 3)) @ root.T
        self.pools: dict[int, tuple[Floats, Floats]] = {}

    def durations(self, kind: int, count: int) -> Floats:
        values, ends = self._pool(kind)
        shares = ends / ends[:, -1:]
        flat = (shares + self.rows[:, None]).ravel()
        wanted = self.chance.random((d.SIMULATIONS, count)) + self.rows[:, None]
        at = np.searchsorted(flat, wanted.ravel(), side="right").reshape(wanted.shape)
        at = np.clip(at - self.rows[:, None] * values.shape[1], 0, values.shape[1] - 1)
        return np.exp(values[self.rows[:, None], at])

    def remaining(self, kind: int, elapsed: float) -> Floats:
        """Only durations above the time it has been at it; what is overdue goes on for a while."""
        values, ends = self._pool(kind)
        weights = np.diff(ends, axis=1, prepend=0)
        ends = np.cumsum(np.where(values > np.log(max(elapsed, d.SHORTEST)), weights, 0), axis=1)
        total = ends[:, -1]
        at = (ends <= (self.chance.random(d.SIMULATIONS) * total)[:, None]).sum(axis=1)
        drawn = np.exp(values[self.rows, np.minimum(at, values.shape[1] - 1)]) - elapsed
        overdue = elapsed * d.OVERDUE * self.chance.exponential(size=d.SIMULATIONS)
        return np.maximum(np.where(total > 0, drawn, overdue), 0)

    def _pool(self, kind: int) -> tuple[Floats, Floats]:
        """Logarithms of durations, and their weights added up, of each simulation."""
        if kind not in self.pools:
            self.pools[kind] = self._make(kind)
        return self.pools[kind]

    def _make(self, kind: int) -> tuple[Floats, Floats]:
        earlier, number = self._earlier(kind)
        own = self.line.values[self.line.ended == kind]
        number_own = len(own)
        own = _thin(own)
        rest = self._rest(kind)
        moved = earlier[None, :] + self.lines[:, :1]
        kept = np.broadcast_to(own, (d.SIMULATIONS, len(own)))
        values = np.concatenate([moved, kept, rest], axis=1)
        seen = d.REST_WEIGHT if number + number_own else 1.0
        parts = [_even(len(earlier), number), _even(len(own), d.OWN_WEIGHT * number_own), _even(rest.shape[1], seen)]
        weights = np.concatenate(parts)
        if number + number_own:
            weights = weights * self.chance.exponential(size=values.shape)
        return values, np.cumsum(np.broadcast_to(weights, values.shape), axis=1)

    def _earlier(self, kind: int) -> tuple[Floats, int]:
        """What earlier runs took, as far from the line; and how many they were."""
        values = self.known.values[self.known.of == kind]
        if not len(values):
            return values, 0
        middle = float(np.median(values))
        slope = float(self.line.coefficients[1])
        moved = (
            middle + d.SPREAD * self.wide * (values - middle) + (slope - 1) * self.known.level[kind] - self.known.mean
        )
        return _thin(moved), len(values)

    def _rest(self, kind: int) -> Floats:
        """What the line, and the deviations of all, say of this kind."""
        line = self.line
        open_share = 1 - line.told[kind]
        mean = line.expected[kind] + open_share * (self.lines - line.coefficients) @ line.design[kind]
        drawn = np.clip(self.chance.standard_normal(d.SIMULATIONS), -d.TAIL, d.TAIL) * np.sqrt(line.unsure[kind])
        mine = self.rest[self.of == kind]
        pool = _thin(mine) if len(mine) >= ENOUGH else self.shared
        return np.asarray(
            (mean + line.deviation[kind] + drawn)[:, None] + self.wide * self.spread[kind] * pool[None, :]
        )


def _wide(known: Known, line: Line) -> float:
    """How many times as far as in earlier runs this run's durations are from what was expected of them, whatever the
    whole run is off by."""
    seen = known.seen[line.ended]
    kinds = line.ended[seen]
    if not len(kinds):
        return 1.0
    usual = known.unsure[kinds] + known.run_kinds + line.within
    off = line.values[seen] - line.expected[kinds]
    off = off - np.average(off, weights=1 / usual)
    square = float((off**2 / usual).sum())
    ratio = (d.WIDE_COUNTS + square) / (d.WIDE_COUNTS + len(kinds) - 1)
    return float(np.clip(ratio, d.WIDE_LEAST**2, d.WIDE_MOST**2) ** 0.5)


def _thin(values: Floats) -> Floats:
    """At most so many that stand for all."""
    if len(values) <= d.MOST:
        return values
    return np.quantile(values, (np.arange(d.MOST) + 0.5) / d.MOST)


def _even(size: int, total: float) -> Floats:
    return np.full(size, total / size) if size else np.zeros(0)


def numbers_of(kinds: Sequence[str], history: Sequence[Sequence[tuple[str, float]]]) -> dict[str, int]:
    """Kinds by number, those of the run first."""
    found: dict[str, int] = {}
    for kind in kinds:
        found.setdefault(kind, len(found))
    for run in history:
        for kind, _ in run:
            found.setdefault(kind, len(found))
    return found
