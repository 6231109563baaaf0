"""What earlier runs say of how long each kind of task takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runs.engine.estimate import defaults as d

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


ROUNDS = 24  # of levels and variances in turn: then they stand


def log_seconds(seconds: Sequence[float] | Floats) -> Floats:
    return np.log(np.maximum(np.asarray(seconds, dtype=float), d.SHORTEST))


def totals(groups: Whole, values: Floats, size: int) -> Floats:
    """The sum of the values of each group."""
    return np.bincount(groups, values, size).astype(float)


@dataclass
class Known:
    """Of each kind its level above the mean of all, with how sure that is; and the variances that are left.

    `values` are the durations seen, without what set their run apart; `rest` is what no level explains.
    """

    mean: float
    level: Floats
    unsure: Floats
    seen: NDArray[np.bool_]
    within: float
    kinds: float
    run_kinds: float
    runs: float
    of: Whole
    values: Floats
    rest: Floats

    @property
    def empty(self) -> bool:
        return not len(self.of)


def nothing(size: int) -> Known:
    """Of kinds of which nothing was seen."""
    none, zeros = np.zeros(0), np.zeros(size)
    return Known(
        mean=float(np.log(d.FIRST_GUESS)),
        level=zeros,
        unsure=np.full(size, d.KINDS),
        seen=np.zeros(size, dtype=bool),
        within=d.WITHIN,
        kinds=d.KINDS,
        run_kinds=d.RUN_KINDS,
        runs=d.FIRST_VARIANCE,
        of=np.zeros(0, dtype=np.int64),
        values=none,
        rest=none,
    )


def learn(runs: Sequence[Sequence[tuple[str, float]]], numbers: Mapping[str, int]) -> Known:
    """Levels of kinds and of runs, each shrunk by how much is known of it; `numbers` has all kinds of the history."""
    found = [(number, numbers[kind], seconds) for number, run in enumerate(runs) for kind, seconds in run]
    if not found:
        return nothing(len(numbers))
    run, kind, seconds = (np.array(column) for column in zip(*found))
    return _Levels(run, kind, log_seconds(seconds), len(numbers)).known()


class _Levels:
    """One mean for each kind in each run; levels of kinds and runs in turn, until both stand."""

    def __init__(self, run: Whole, kind: Whole, values: Floats, size: int) -> None:
        self.run, self.kind, self.values, self.size = run, kind, values, size
        cells, self.cell, self.count = np.unique(run * size + kind, return_inverse=True, return_counts=True)
        self.mean = totals(self.cell, values, len(cells)) / self.count
        self.runs, self.kinds = cells // size, cells % size
        self.of_run, self.of_kind = np.zeros(int(run.max()) + 1), np.zeros(size)
        cells_of = np.bincount(self.runs)
        there = cells_of > 0
        self.middle = float(np.median(totals(self.runs, self.mean, len(cells_of))[there] / cells_of[there]))
        self.unsure = np.full(size, d.KINDS)
        self.between, self.of_runs, self.run_kinds = d.KINDS, d.RUNS, d.RUN_KINDS
        self.spare = len(values) - len(cells)
        square = float(((values - self.mean[self.cell]) ** 2).sum())
        self.within = (d.WITHIN_COUNTS * d.WITHIN + square) / (d.WITHIN_COUNTS + self.spare)

    def known(self) -> Known:
        for _ in range(ROUNDS):
            self._levels()
            self._variances()
        seen = np.bincount(self.kind, minlength=self.size) > 0
        values = self.values - self.of_run[self.run]
        return Known(
            mean=self.middle,
            level=self.of_kind,
            unsure=np.where(seen, self.unsure, self.between),
            seen=seen,
            within=self.within,
            kinds=self.between,
            run_kinds=self.run_kinds,
            runs=self.of_runs + d.RUNS_LEAST,
            of=self.kind,
            values=values,
            rest=values - self.middle - self.of_kind[self.kind],
        )

    def _levels(self) -> None:
        weight = 1 / (self.run_kinds + self.within / self.count)
        apart = self.mean - self.middle
        sure = totals(self.kinds, weight, self.size) + 1 / self.between
        self.of_kind = totals(self.kinds, (apart - self.of_run[self.runs]) * weight, self.size) / sure
        self.unsure = 1 / sure
        size = len(self.of_run)
        sure = totals(self.runs, weight, size) + self._alike() / self.of_runs
        self.of_run = totals(self.runs, (apart - self.of_kind[self.kinds]) * weight, size) / sure
        self.middle = float((self.mean - self.of_run[self.runs] - self.of_kind[self.kinds]).mean())

    def _alike(self) -> Floats:
        """How much of each run is as the others are: the weights of a t-distribution, small of one that is far off."""
        return (d.RUNS_FREEDOM + 1) / (d.RUNS_FREEDOM + self.of_run**2 / self.of_runs)

    def _variances(self) -> None:
        """Where hardly a kind comes twice in a run, what differs from run to run and within one is all one."""
        times = np.bincount(self.kinds, minlength=self.size)
        often = times[self.kinds] > 1
        if often.any():
            left = (self.mean - self.middle - self.of_run[self.runs] - self.of_kind[self.kinds])[often]
            free = max(1, int(often.sum()) - int((times > 1).sum()))
            square = float((left**2).sum()) / free
            if self.spare < 0.2 * len(self.values):
                apart = max(square - self.run_kinds, 0.01)
                self.within = (d.WITHIN_COUNTS * d.WITHIN + free * apart) / (d.WITHIN_COUNTS + free)
            else:
                apart = max(square - float((self.within / self.count[often]).mean()), 0.0)
                self.run_kinds = (d.RUN_KINDS_COUNT * d.RUN_KINDS + free * apart) / (d.RUN_KINDS_COUNT + free)
        seen = times > 0
        square = float((self.of_kind[seen] ** 2 + self.unsure[seen]).sum())
        self.between = (d.KINDS_COUNT * d.KINDS + square) / (d.KINDS_COUNT + int(seen.sum()))
        square = float((self.of_run**2 * self._alike()).sum())
        self.of_runs = (d.RUNS_COUNT * d.RUNS + square) / (d.RUNS_COUNT + len(self.of_run))
