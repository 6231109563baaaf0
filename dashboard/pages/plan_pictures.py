"""A plan as two small pictures: time against agents, and a row for each agent with what it would do when.

Coordinates of SVG, worked out here: the pages draw nothing themselves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count

from dashboard.words import figures
from runs.planning.answers import CurvePoint, Planned

WIDTH = 440
TICKS = 5  # at most, on either axis


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


def ticks(seconds: float) -> list[float]:
    """Round moments from 0 to `seconds`, few enough to be read: steps of 1, 2, 5 or 10, of 15 and 30 in minutes."""
    if seconds <= 0:
        return [0.0]
    step = next(step for step in _steps() if seconds / step < TICKS)
    return [step * at for at in range(int(seconds / step) + 1)]


def _steps() -> Sequence[float]:
    small = [size * 10.0**power for power in range(-6, 1) for size in (1, 2, 5)]
    clock = [10.0, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]
    return [*small, *clock, *(86400.0 * size * 10**power for power in range(12) for size in (2, 5, 10))]


# ---- time against agents ----

LEFT, RIGHT, TOP, FLOOR = 58, 424, 18, 142
MARGIN = 12
LABELLED = 8  # numbers of agents below the curve, at most


@dataclass(frozen=True, slots=True)
class Point:
    """One number of agents. `label`: whether its number stands below; `side`: where its time is written, or ""."""

    x: float
    y: float
    agents: int
    text: str
    chosen: bool
    label: bool
    side: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`least_y`: the time that no schedule undercuts, at the chosen number of agents. `words` says the same."""

    points: list[Point]
    ticks: list[Tick]
    least_y: float
    words: str

    @property
    def trace(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def curve(found: Sequence[CurvePoint], chosen: int, least: float) -> Curve:
    highest = max([*(point["makespan_seconds"] for point in found), least, 1e-6])
    most = max(2, found[-1]["agents"])

    def up(seconds: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * seconds / highest, 1)

    every = -(-len(found) // LABELLED)
    points = []
    for at, point in enumerate(found):
        agents, last = point["agents"], at == len(found) - 1
        x = round(LEFT + MARGIN + (RIGHT - LEFT - 2 * MARGIN) * (agents - 1) / (most - 1), 1)
        is_chosen = agents == chosen
        label = is_chosen or (at % every == 0 and (last or len(found) - 1 - at >= every))
        side = "end" if is_chosen and last else "middle" if is_chosen else "start" if at == 0 else ""
        text = figures.duration(point["makespan_seconds"])
        points.append(Point(x, up(point["makespan_seconds"]), agents, text, is_chosen, label, side))
    said = ", ".join(f"{figures.plural(point.agents, 'agent')} {point.text}" for point in points if point.label)
    marks = [Tick(up(seconds), figures.duration(seconds)) for seconds in ticks(highest)]
    return Curve(points, marks, up(least), f"Predicted time against agents: {said}")


# ---- a row for each agent ----

ROWS = 16  # agents that are drawn
ROW, BAR, HEAD, GUTTER = 26, 20, 22, 26
NARROW = 3.0  # what is narrower is drawn together with what follows it at once
LETTER = 6.4  # how wide one is, about


@dataclass(slots=True)
class Bar:
    """One subtask, or `number` of them that are too short to be told apart."""

    x: float
    y: float
    width: float
    key: str
    start: float
    finish: float
    critical: bool
    number: int = 1

    @property
    def text(self) -> str:
        """What fits into it: its key, or nothing."""
        room = int((self.width - 8) / LETTER)
        if self.number > 1 or room < 3:
            return ""
        return self.key if len(self.key) <= room else self.key[: room - 1] + "…"

    @property
    def title(self) -> str:
        what = self.key if self.number == 1 else f"{self.key} and {self.number - 1:,} more"
        return f"{what}: {figures.on_axis(self.start)} to {figures.on_axis(self.finish)}"


@dataclass(frozen=True, slots=True)
class Row:
    agent: int
    y: float


@dataclass(frozen=True, slots=True)
class Gantt:
    """`agents`: how many do anything; the first ROWS of them are drawn."""

    bars: list[Bar]
    rows: list[Row]
    ticks: list[Tick]
    height: int
    agents: int


def gantt(schedule: Sequence[Planned], critical: Collection[str], seconds: float) -> Gantt:
    agents = sorted({one["agent"] for one in schedule})
    rows = {agent: HEAD + ROW * at for at, agent in zip(count(), agents[:ROWS])}
    scale = (WIDTH - GUTTER - 2) / (seconds or 1.0)
    bars: dict[int, list[Bar]] = {agent: [] for agent in rows}
    for one in schedule:
        if one["agent"] in rows:
            start, finish = one["start_seconds"], one["finish_seconds"]
            x, width = GUTTER + start * scale, max(1.0, (finish - start) * scale)
            y = rows[one["agent"]] + (ROW - BAR) / 2
            _put(bars[one["agent"]], Bar(x, y, width, one["key"], start, finish, one["key"] in critical))
    drawn = [bar for row in bars.values() for bar in row]
    for bar in drawn:
        bar.x, bar.width = round(bar.x, 1), round(max(1.0, bar.width - 1), 1)
    marks = [Tick(round(GUTTER + at * scale, 1), figures.duration(at)) for at in ticks(seconds)]
    places = [Row(agent, y) for agent, y in rows.items()]
    return Gantt(drawn, places, marks, HEAD + ROW * len(rows) + 2, len(agents))


def _put(row: list[Bar], bar: Bar) -> None:
    """Adds it, or makes the one before it longer where both are too narrow to be seen apart."""
    last = row[-1] if row else None
    apart = last is None or bar.x - (last.x + last.width) > NARROW or bar.critical != last.critical
    if last is None or apart or max(bar.width, last.width / last.number) >= NARROW:
        row.append(bar)
        return
    last.width, last.finish, last.number = bar.x + bar.width - last.x, bar.finish, last.number + 1
