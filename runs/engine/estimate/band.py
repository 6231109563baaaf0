"""The band around an estimate, made as wide as it turned out to have to be."""

from collections.abc import Sequence

from runs.engine.estimate.state import Estimate

# Downwards and upwards, with kinds known from earlier runs and without: learned on recorded runs until there are
# enough of our own.
KNOWN = (2.3, 2.0)
UNKNOWN_DOWN = 1.6
# Without a history the longest may be yet to come: the more so, the more durations differ (in logarithms).
UNKNOWN_UP, UNKNOWN_UP_MOST = 1.1, 2.2
# Chosen on half of the recorded runs, and held against the other half.
UNKNOWN_MORE = 1.25
MOST = 1.0  # upwards, with kinds known or not: so many times what the whole run is expected to take
ENOUGH = 20
ENOUGH_RUNS = 5  # they are of: checkpoints of one run are all off to the same side
SHARE = 0.1  # of runs that end before the band, and of those that end after it


def usual(known: bool, seen: bool, deviation: float) -> tuple[float, float]:
    """The factors until there are some of our own. `known`: there is a history; `seen`: with kinds of this run in it;
    `deviation`: of the logarithms of durations of unknown kinds."""
    up = UNKNOWN_MORE * min(UNKNOWN_UP_MOST, max(1.0, UNKNOWN_UP * deviation + 0.4))
    if not known:
        return UNKNOWN_DOWN, up
    return KNOWN[0], KNOWN[1] if seen else max(KNOWN[1], up)


def capped(found: Estimate, elapsed: float) -> Estimate:
    """The band by the usual factors: where durations differ much a few simulations last for ages, and runs do not."""
    return Estimate(found.eta, found.low, min(found.high, found.eta + MOST * (elapsed + found.eta)))


def stretched(plain: Estimate, factors: tuple[float, float]) -> Estimate:
    """The band of the simulations, as many times as wide to each side; never below now."""
    down, up = factors
    low = max(0.0, plain.eta - down * (plain.eta - plain.low))
    return Estimate(plain.eta, low, plain.eta + up * (plain.high - plain.eta))


def learned(seen: Sequence[tuple[Estimate, float]]) -> tuple[float, float] | None:
    """The factors under which 80 % of these (band of the simulations, seconds it really took) fall within (split
    conformal prediction, one side at a time); None while there are too few."""
    if len(seen) < ENOUGH:
        return None
    below = [(one.eta - took) / max(one.eta - one.low, 1e-9) for one, took in seen]
    beyond = [(took - one.eta) / max(one.high - one.eta, 1e-9) for one, took in seen]
    return _needed(below), _needed(beyond)


def _needed(ratios: Sequence[float]) -> float:
    at = min(len(ratios) - 1, int((1 - SHARE) * (len(ratios) + 1)))
    return min(10.0, max(0.25, sorted(ratios)[at]))
