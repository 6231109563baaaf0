"""A line of how many things ended when, small enough for the corner of a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

POINTS = 12
WIDTH, HEIGHT, MARGIN = 150, 34, 3


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Coordinates of SVG, and what the picture says in words: how many in how many seconds."""

    trace: str
    area: str
    last_x: float
    last_y: float
    number: int
    seconds: float

    @classmethod
    def of(cls, moments: Sequence[datetime], now: datetime) -> "Sparkline":
        """From when things ended, in any order; at least one. The line runs from the first of them to now."""
        first = min(moments)
        seconds = max(1.0, (now - first).total_seconds())
        counts = [0] * POINTS
        for moment in moments:
            at = int((moment - first).total_seconds() / seconds * POINTS)
            counts[min(POINTS - 1, max(0, at))] += 1
        points = _points(counts)
        trace = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        floor = HEIGHT - 2
        area = f"{points[0][0]:.1f},{floor} {trace} {points[-1][0]:.1f},{floor}"
        last_x, last_y = points[-1]
        return cls(trace, area, round(last_x, 1), round(last_y, 1), len(moments), seconds)


def _points(counts: Sequence[int]) -> list[tuple[float, float]]:
    highest = max(counts)
    step = (WIDTH - 2 * MARGIN) / (len(counts) - 1)
    room = HEIGHT - 2 * MARGIN
    return [(MARGIN + at * step, HEIGHT - MARGIN - room * count / highest) for at, count in enumerate(counts)]
