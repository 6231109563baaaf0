"""What this process has to do: its commits, its sockets, its memory. Kept for `/metrics`."""

from bisect import bisect_left
from dataclasses import dataclass, field

# Upper bounds of the buckets, in seconds and in reports.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)

SOCKETS: set[object] = set()  # those that are open in this process


@dataclass(slots=True)
class Histogram:
    """How many values were at most each bound; the last place is for those above all. One thread writes."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Estimates:
    """Of the estimator: how long it was at each estimate, how often none came, and when by the steady clock the last
    one was asked for, of each run under way."""

    def __init__(self) -> None:
        self.seconds = Histogram(SECONDS)
        self.failed = 0
        self.asked_at: dict[int, float] = {}

    def age(self, steady: float) -> float | None:
        """Seconds since the oldest of them; None where no run is estimated."""
        times = [*self.asked_at.values()]
        return max(0.0, steady - min(times)) if times else None


ESTIMATES = Estimates()


class Load:
    """Of one ledger: how long its commits took, and how many slips each carried out."""

    def __init__(self) -> None:
        self.seconds = Histogram(SECONDS)
        self.sizes = Histogram(SIZES)

    def committed(self, size: int, seconds: float) -> None:
        self.sizes.add(size)
        self.seconds.add(seconds)
