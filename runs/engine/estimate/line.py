"""How this run does against what was expected: log actual = a + b · log expected, and each kind's own deviation.

Tasks that are running are censored: all that is known is that they take longer than they have been at it. They count
with what such a task takes on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt

import numpy as np

from runs.engine.estimate import defaults as d
from runs.engine.estimate.history import Floats, Known, Whole, log_seconds, totals
from runs.engine.estimate.state import State

ROUNDS = 15


@dataclass
class Line:
    """The fit: coefficients with their covariance, and of each kind its expectation, what it deviates by (shrunk), how
    sure that is, and the share of it that this run has told."""

    coefficients: Floats
    covariance: Floats
    design: Floats
    deviation: Floats
    unsure: Floats
    told: Floats
    within: float
    kinds: float
    ended: Whole
    values: Floats

    @property
    def expected(self) -> Floats:
        return np.asarray(self.design @ self.coefficients)

    @property
    def rest(self) -> Floats:
        """What is left of this run's own durations."""
        return self.values - (self.expected + self.deviation)[self.ended]


def above(mean: float, deviation: float, least: float) -> tuple[float, float]:
    """Mean and variance of a normal variable of which it is known that it is more than `least`."""
    z = (least - mean) / deviation
    if z > 5:
        return least + deviation / z, (deviation / z) ** 2
    hazard = exp(-z * z / 2) / sqrt(2 * pi) / (0.5 * erfc(z / sqrt(2)))
    return mean + deviation * hazard, deviation**2 * max(1 + z * hazard - hazard**2, 0.02)


def places(state: State, kind: Whole, size: int) -> Floats:
    """Where each kind stands in the queue, from 0 to 1: its tasks that have started, else all of them, on average.
    The first places are stretched: there the long ones are."""
    total = len(state.order)
    where = np.zeros(len(kind))
    where[np.asarray(state.order, dtype=int)] = np.log1p(8 * np.arange(total) / max(1, total)) / np.log(9)
    started = np.asarray([*state.done, *state.running], dtype=int)
    seen = np.bincount(kind[started], minlength=size)
    mean = totals(kind, where, size) / np.maximum(1, np.bincount(kind, minlength=size))
    return np.where(seen > 0, totals(kind[started], where[started], size) / np.maximum(1, seen), mean)


def fit(state: State, kind: Whole, known: Known) -> Line:
    """The line of this run, as far as can be told."""
    return _Fit(state, kind, known).line()


class _Fit:
    def __init__(self, state: State, kind: Whole, known: Known) -> None:
        size = len(known.level)
        self.known, self.size = known, size
        self.ended, self.open = _of(kind, [*state.done]), _of(kind, [*state.running])
        self.values = log_seconds([*state.done.values()])
        self.elapsed = log_seconds([*state.running.values()])
        self.all = np.concatenate([self.ended, self.open])
        self.count = np.bincount(self.all, minlength=size)
        self.here = np.flatnonzero(self.count)
        place = np.where(known.seen, 0, places(state, kind, size))
        self.design = np.stack([np.ones(size), known.level, place], axis=1)
        self.prior = np.array([known.mean, 1.0, d.DECLINE])
        variances = [known.runs, d.SLOPE_DEVIATION**2, d.DECLINE_DEVIATION**2]
        self.precision = np.diag(1 / np.array(variances))
        self.coefficients, self.covariance = self.prior.copy(), np.diag(np.array(variances))
        self.within, self.kinds = known.within, known.kinds
        self.deviation, self.told = np.zeros(size), np.zeros(size)
        self.unsure = self._spread()

    def line(self) -> Line:
        for _ in range(ROUNDS if len(self.all) else 0):
            values, spread = self._completed()
            self._round(values, spread)
        return Line(
            self.coefficients,
            self.covariance,
            self.design,
            self.deviation,
            self.unsure,
            self.told,
            self.within,
            self.kinds,
            self.ended,
            self.values,
        )

    def _spread(self) -> Floats:
        """The variance of each kind around the line."""
        seen = self.coefficients[1] ** 2 * self.known.unsure + self.known.run_kinds
        return np.where(self.known.seen, seen, self.kinds)

    def _completed(self) -> tuple[Floats, Floats]:
        """Durations with those of running tasks filled in, and how unsure each is."""
        mean = (self.design @ self.coefficients + self.deviation)[self.open]
        spread = np.sqrt(self.within + self.unsure[self.open])
        filled = [above(*one) for one in zip(mean.tolist(), spread.tolist(), self.elapsed.tolist())]
        values = np.concatenate([self.values, [value for value, _ in filled]])
        return values, np.concatenate([np.zeros(len(self.values)), [variance for _, variance in filled]])

    def _round(self, values: Floats, spread: Floats) -> None:
        here, count = self.here, self.count[self.here]
        mean = totals(self.all, values, self.size)[here] / count
        between = self._spread()[here]
        variance = between + self.within / count
        unsure = variance.copy()
        if not self.known.empty:
            only_running = np.bincount(self.ended, minlength=self.size)[here] == 0
            unsure[only_running] /= d.RUNNING_WEIGHT
        design = self.design[here]
        off = mean - design @ self.coefficients
        most = d.OUTLIER * np.sqrt(unsure)
        near = mean - np.sign(off) * np.maximum(np.abs(off) - most, 0)
        weighted = (design / unsure[:, None]).T
        self.covariance = np.linalg.inv(self.precision + weighted @ design)
        self.coefficients = self.covariance @ (self.precision @ self.prior + weighted @ near)
        off, share = mean - design @ self.coefficients, between / variance
        self.deviation[here], self.told[here] = share * off, share
        self._variances(values, spread, mean, off)
        self.unsure = self._spread()
        self.unsure[here] = between * (1 - share)

    def _variances(self, values: Floats, spread: Floats, mean: Floats, off: Floats) -> None:
        """How much unknown kinds, and tasks of a kind where there is no history, differ in this run."""
        new, count = ~self.known.seen[self.here], self.count[self.here]
        if self.known.empty:
            means = np.zeros(self.size)
            means[self.here] = mean
            square = float(((values - means[self.all]) ** 2).sum())
            free = len(values) - len(self.here)
            self.within = (d.WITHIN_COUNTS * d.WITHIN + square) / (d.WITHIN_COUNTS + free)
        if self.known.empty or new.sum() > 3:
            unsure = totals(self.all, spread, self.size)[self.here] / count**2
            square = float((off[new] ** 2 + unsure[new] - self.within / count[new]).sum())
            self.kinds = max((d.KINDS_COUNT * d.KINDS + square) / (d.KINDS_COUNT + int(new.sum())), 0.02)


def _of(kind: Whole, tasks: Sequence[int]) -> Whole:
    return kind[np.asarray(tasks, dtype=np.int64)]
