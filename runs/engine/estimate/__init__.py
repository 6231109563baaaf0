"""When a run will be over: the rest of it simulated many times. Pure; the same state gives the same answer."""

import numpy as np

from runs.engine.estimate import defaults, line, sample, simulate
from runs.engine.estimate.band import capped, stretched, usual
from runs.engine.estimate.history import learn
from runs.engine.estimate.state import Estimate, Stage, State, Turn

__all__ = ["Estimate", "Stage", "State", "Turn", "capped", "estimate", "plain", "stretched"]


def estimate(state: State, factors: tuple[float, float] | None = None) -> Estimate:
    """Seconds left. `factors` stretch the band downwards and upwards (None: the defaults)."""
    found, by_default = plain(state)
    band = stretched(found, factors or by_default)
    return band if factors else capped(band, state.now)


def plain(state: State) -> tuple[Estimate, tuple[float, float]]:
    """Seconds left with the band of the simulations as it is, and the usual factors to stretch it by."""
    chance = np.random.default_rng(defaults.SEED)
    numbers = sample.numbers_of(state.kinds, state.history)
    kind = np.array([numbers[one] for one in state.kinds], dtype=np.int64)
    known = learn(state.history, numbers)
    if state.guessed:
        known.runs = defaults.GUESS_VARIANCE
    fitted = line.fit(state, kind, known)
    left = sample.draw(state, kind, known, fitted, chance)
    low, middle, high = np.quantile(simulate.through(state, left), [0.1, 0.5, 0.9]).tolist()
    deviation = (fitted.kinds + fitted.within) ** 0.5
    return Estimate(middle, low, high), usual(not known.empty, bool(known.seen[kind].any()), deviation)
