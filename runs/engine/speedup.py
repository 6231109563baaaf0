"""What parallel work gained, from what was measured. What cannot be known honestly is None."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import median

PAYS_FROM = 1.1
SLOWER_FROM = 1.15
FEWEST_FOR_A_VERDICT = 3
NEAR = 1e-9  # of a limit: sums of the same durations in another order differ by less


@dataclass(frozen=True, slots=True)
class Speedup:
    speedup: float | None
    limit: float | None
    efficiency_percent: float | None
    verdict: str | None
    against_baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds that one agent is expected to need for all that is completed, and the share of it (0 to 1) of which it is
    known what it took one agent before; None where nothing is completed."""

    seconds: float
    known: float | None


def expected_alone(measured: float, took: float, usual: float) -> Work:
    """`measured`: all of it, as measured here. `took`: the part of that of which earlier runs of one agent tell;
    `usual`: what they say of that part.

    The same work has just been done within the time it was measured to take, so one agent needs no more: earlier times
    only count where they are shorter. So the speedup is never higher than agents were at work.
    """
    if measured <= 0:
        return Work(0.0, None)
    return Work(max(0.0, measured - took) + min(took, usual), min(1.0, took / measured))


def measure(
    *,
    work_seconds: float,
    elapsed_seconds: float,
    completed: int,
    limit: float | None,
    max_agents: int,
    strategy: str,
    baseline_seconds: float | None = None,
) -> Speedup:
    """Time of the completed work one after the other (`expected_alone`) / time that passed; the limit is the plan's.

    `baseline_seconds`: how long a sequential run of the same took. Where there was one, it says whether parallel pays.
    It is for all of the work, by estimates: of a part of it, or of work that took another time, more may be measured.
    What always holds is the number of agents; only a baseline can be beyond that, and then there is no limit.
    """
    if not completed or elapsed_seconds <= 0:
        return Speedup(None, limit, None, None)
    speedup = work_seconds / elapsed_seconds
    against_baseline = baseline_seconds / elapsed_seconds if baseline_seconds is not None else None
    asked_for_one = max_agents == 1 or strategy == "sequential"
    most = max(speedup, against_baseline or 0.0) * (1 - NEAR)
    limits = () if limit is None else (limit, 1.0 if asked_for_one else float(max_agents))
    true_limit = next((one for one in limits if one >= most), None)
    efficiency = min(100.0, 100 * speedup / true_limit) if true_limit else None
    verdict = None
    if completed >= FEWEST_FOR_A_VERDICT and not asked_for_one:
        gained = speedup if against_baseline is None else against_baseline
        verdict = "parallel pays" if gained >= PAYS_FROM else "parallel does not pay"
    return Speedup(speedup, true_limit, efficiency, verdict, against_baseline)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some measured seconds: half of them are at most `median`, 95 % at most `p95`."""

    median: float
    p95: float


def spread(seconds: Collection[float]) -> Spread | None:
    """None where nothing was measured."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Spread(median(ordered), ordered[-(-95 * len(ordered) // 100) - 1])


@dataclass(frozen=True, slots=True)
class Slowdown:
    """How much longer subtasks took here than one agent alone takes for them: the median of `compared` of them."""

    ratio: float
    compared: int

    @property
    def slower(self) -> bool:
        return self.ratio > SLOWER_FROM


def slowdown(pairs: Iterable[tuple[float, float]]) -> Slowdown | None:
    """`pairs`: seconds here and alone. None where there are fewer than a verdict needs."""
    ratios = [here / alone for here, alone in pairs if alone > 0]
    return Slowdown(median(ratios), len(ratios)) if len(ratios) >= FEWEST_FOR_A_VERDICT else None
