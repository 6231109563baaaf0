"""Whether time passed as it should: a process that was away and a clock that jumped must cost nobody a lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta

AWAY_AFTER = 3  # times the usual interval
STEP_SECONDS = 2.0


@dataclass(slots=True)
class Watch:
    """Compares two clocks at every look: a steady one in seconds, and the wall's, which may be set.

    A laptop that slept moves the wall clock only, a stopped process both, a clock that was set the wall clock only.
    """

    interval: float
    steady: float | None = None
    wall: datetime | None = None

    def gap(self, steady: float, wall: datetime) -> timedelta | None:
        """By how much the ends of leases must be moved so that this time does not count; None when all is well."""
        if self.steady is None or self.wall is None:
            return None
        passed, moved = steady - self.steady, wall - self.wall
        if passed > AWAY_AFTER * self.interval or abs(moved.total_seconds() - passed) > STEP_SECONDS:
            return moved
        return None

    def looked(self, steady: float, wall: datetime) -> None:
        """From here on time counts again."""
        self.steady, self.wall = steady, wall


def moved(end: datetime, now: datetime, gap: timedelta, longest: timedelta) -> datetime:
    """Where the end of something that lasts `longest` at most belongs after a gap.

    What was written since the clock was set is right already: who beats does not wait until the gap is noticed. It
    would end too late, or have ended, if it were moved like the rest.
    """
    latest = now + longest
    if gap < timedelta():
        return min(end + gap, latest) if end > latest else end
    return max(end, min(end + gap, latest))
