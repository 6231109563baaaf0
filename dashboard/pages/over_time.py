"""How past runs did, stretch by stretch, as small pictures: coordinates of SVG, and the same in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from dashboard.pages import insight_page
from dashboard.words import figures
from runs.insight.past import Line, Stretch, Summary, stretches

# Stretches by the days looked back at: a day, three days, a week, a month each.
STRETCHES = {7: 7, 30: 10, 90: 13, 365: 12}
WIDTH, LEFT, RIGHT, TOP, FLOOR = 300, 6, 294, 8, 74

MEASURES: tuple[tuple[str, Callable[[Summary], float | None], Callable[[float | None], str]], ...] = (
    ("Speedup", lambda found: found.speedup, figures.times),
    ("Efficiency", lambda found: found.efficiency_percent, insight_page.percent),
    ("Overhead a subtask", lambda found: found.overhead_seconds, figures.duration),
    ("ETA error", lambda found: found.eta and found.eta["error_percent"], insight_page.percent),
    ("ETA was right", lambda found: found.eta and found.eta["coverage_percent"], insight_page.percent),
)


@dataclass(frozen=True, slots=True)
class Dot:
    """One stretch. `words`: when, and what of how many runs."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`traces`: a line for each row of stretches without a gap. `most`: the value at the top; the floor is 0."""

    name: str
    traces: list[str]
    dots: list[Dot]
    most: str
    last: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch in the table of the same."""

    when: str
    runs: int
    values: list[str]


def context(lines: Sequence[Line], now: datetime, days: int) -> dict[str, Any]:
    """Nothing to show before runs ended in two stretches: a dot is no line."""
    found = stretches(lines, now, days, STRETCHES[days])
    told = [one for one in found if one.summary]
    if len(told) < 2:
        return {"charts": [], "stretches": []}
    return {
        "charts": [chart for measure in MEASURES if (chart := _chart(found, *measure))],
        "stretches": [_row(one, one.summary) for one in reversed(found) if one.summary],
        "measures": [name for name, *_ in MEASURES],
        "from_day": _day(found[0].since),
    }


def _row(one: Stretch, summary: Summary) -> Row:
    return Row(_when(one), summary.runs, [say(value(summary)) for _, value, say in MEASURES])


def _chart(
    found: Sequence[Stretch],
    name: str,
    value: Callable[[Summary], float | None],
    say: Callable[[float | None], str],
) -> Chart | None:
    """None where no stretch knows."""
    values = [value(one.summary) if one.summary else None for one in found]
    known = [one for one in values if one is not None]
    if not known:
        return None
    most = max(known) or 1.0
    places = [
        None if one is None else (_x(at, len(values)), round(FLOOR - (FLOOR - TOP) * one / most, 1))
        for at, one in enumerate(values)
    ]
    dots = [
        Dot(*place, f"{_when(one)}: {say(here)}, {figures.plural(one.summary.runs, 'run')}")
        for place, one, here in zip(places, found, values)
        if place and one.summary
    ]
    words = f"{name} over time: {say(min(known))} to {say(max(known))}, lately {say(known[-1])}"
    return Chart(name, _traces(places), dots, say(max(known)), say(known[-1]), words)


def _x(at: int, number: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * (at + 0.5) / number, 1)


def _traces(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """Points of lines; a stretch without a value breaks the line."""
    lines: list[list[str]] = [[]]
    for place in places:
        if place:
            lines[-1].append(f"{place[0]},{place[1]}")
        else:
            lines.append([])
    return [" ".join(line) for line in lines if len(line) > 1]


def _when(one: Stretch) -> str:
    """ "14 Nov", or "12–14 Nov"; of a stretch that ends at the hour it began at, the last day is the one before."""
    first, last = _day(one.since), _day(one.until - timedelta(hours=12))
    return first if one.until - one.since <= timedelta(days=1) else f"{first} – {last}"


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M")
