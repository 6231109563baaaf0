"""What the page of a run said on its way, as small pictures: when it would be over, and the speedup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dashboard.words import figures
from runs.models import Checkpoint, Run

WIDTH, LEFT, RIGHT, TOP, FLOOR = 300, 6, 294, 8, 74
HIGHEST = 2.0  # times the whole run: a band that goes further up is cut off there

Moment = tuple[float, float]  # seconds since the start, and a value


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """`bands` are polygons, `traces` lines; nothing is drawn where nothing was shown. `truth`: the line on which all
    would lie; `limit`: how high a figure may get."""

    name: str
    last: str
    most: str
    until: str
    words: str
    traces: list[str]
    dots: list[Dot]
    bands: list[str]
    truth: str = ""
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One moment in the table of the same. `off`: by how much what was expected differed from what came true."""

    at: str
    expected: str
    band: str
    off: str
    speedup: str


def context(
    run: Run, speedup: float | None, until: float | None = None, *, limit: float | None = None
) -> dict[str, Any]:
    """`speedup`: as of now, or of the end; `limit`: the highest it may be. Two moments make a line; with fewer there is
    nothing to draw. `until`: only what was said in its first seconds."""
    made = list(Checkpoint.objects.filter(run=run.pk).order_by("point"))
    if until is not None:
        made = [one for one in made if one.elapsed <= until]
    found: dict[str, Any] = {"pictures": [], "moments": [], "last": made[-1] if made else None}
    return found if len(made) < 2 else found | _drawn(run, made, speedup, limit)


def _drawn(run: Run, made: Sequence[Checkpoint], speedup: float | None, limit: float | None) -> dict[str, Any]:
    found = [_Expected(run, made).picture(), _gained(run, made, speedup, limit)]
    return {"pictures": [one for one in found if one], "moments": [_row(run, one) for one in reversed(made)]}


def took(run: Run) -> float | None:
    """Seconds from its start to its end; None while it has not ended."""
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


class _Scale:
    """From seconds and values to places in a picture."""

    def __init__(self, lasted: float, highest: float) -> None:
        self.lasted, self.highest = lasted or 1.0, highest or 1.0

    def x(self, seconds: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * seconds / self.lasted, 1)

    def y(self, value: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * min(1.0, value / self.highest), 1)

    def line(self, moments: Sequence[Moment]) -> str:
        return " ".join(f"{self.x(at)},{self.y(value)}" for at, value in moments)


class _Expected:
    """Seconds left, with the band, as they were shown."""

    def __init__(self, run: Run, made: Sequence[Checkpoint]) -> None:
        self.run, self.made, self.whole = run, made, took(run)
        lasted = self.whole or made[-1].elapsed
        shown = [one for one in made if one.shown]
        highest = max([lasted, *(one.eta for one in shown)])
        highest = min(max([highest, *(one.high for one in shown)]), HIGHEST * highest)
        self.scale = _Scale(lasted, highest)

    def picture(self) -> Picture | None:
        shown = [one for one in self.made if one.shown]
        if not shown:
            return None
        parts = _stretches(self.made, lambda one: one.shown)
        last = figures.done_in(shown[-1].eta, shown[-1].low, shown[-1].high)
        return Picture(
            name="Expected to be left",
            last=last,
            most=figures.duration(self.scale.highest),
            until=figures.duration(self.scale.lasted),
            words=f"Expected to be left, with its range, from the start on: {self._words(shown[0])}; at last {last}",
            traces=[self.scale.line([(one.elapsed, one.eta) for one in part]) for part in parts],
            dots=[Dot(self.scale.x(one.elapsed), self.scale.y(one.eta), self._words(one)) for one in shown],
            bands=[self._band(part) for part in parts],
            truth=self.scale.line([(0.0, self.whole), (self.whole, 0.0)]) if self.whole else "",
        )

    def _band(self, part: Sequence[Checkpoint]) -> str:
        there = [(one.elapsed, one.high) for one in part]
        back = [(one.elapsed, one.low) for one in reversed(part)]
        return self.scale.line([*there, *back])

    def _words(self, one: Checkpoint) -> str:
        left = f"{figures.done_in(one.eta, one.low, one.high)} ({figures.band(one.low, one.high, one.eta)})"
        off = _off(self.run, one)
        return f"after {figures.duration(one.elapsed)} {left}{f', {off}' if off else ''}"


def _gained(run: Run, made: Sequence[Checkpoint], speedup: float | None, limit: float | None) -> Picture | None:
    known = [(one.elapsed, one.speedup) for one in made if one.speedup is not None]
    if not known:
        return None
    lasted = took(run) or made[-1].elapsed
    scale = _Scale(lasted, max([value for _, value in known] + ([limit] if limit else [])))
    last = figures.times(speedup if speedup is not None else known[-1][1])
    return Picture(
        name="Speedup, estimated",
        last=last,
        most=figures.times(scale.highest),
        until=figures.duration(lasted),
        words=f"Speedup from the start on, estimated: at first {figures.times(known[0][1])}, at last {last}",
        traces=[scale.line(known)] if len(known) > 1 else [],
        dots=[
            Dot(scale.x(at), scale.y(value), f"after {figures.duration(at)} {figures.times(value)}")
            for at, value in known
        ],
        bands=[],
        limit=scale.y(limit) if limit else None,
    )


def _stretches(made: Sequence[Checkpoint], shown: Callable[[Checkpoint], bool]) -> list[list[Checkpoint]]:
    """Moments without a gap between them."""
    return [list(part) for there, part in groupby(made, key=shown) if there]


def _row(run: Run, one: Checkpoint) -> Row:
    expected, band = figures.UNKNOWN, ""
    if one.shown:
        expected, band = figures.duration(one.eta), f"{figures.duration(one.low)} – {figures.duration(one.high)}"
    return Row(figures.on_axis(one.elapsed), expected, band, _off(run, one), figures.times(one.speedup))


def _off(run: Run, one: Checkpoint) -> str:
    """ "12 s too much"; nothing while that is not known, or has no meaning: the run was held, or broken off."""
    whole = took(run)
    if whole is None or not (one.shown and one.judged) or run.end_reason not in ("done", "failed"):
        return ""
    off = one.eta - (whole - one.elapsed)
    return f"{figures.duration(abs(off))} too {'much' if off > 0 else 'little'}"
