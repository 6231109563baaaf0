"""One figure of the benchmark, what it is held against, and the table of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

NOISY = 0.15  # cores that others used meanwhile: above this a figure says little


@dataclass(frozen=True, slots=True)
class Target:
    """`hard` is the floor for a release, `stretch` the goal. They bound a line's ratio, or its value if it has none."""

    hard: float
    stretch: float
    at_most: bool

    def met(self, judged: float, bound: float) -> bool:
        return judged <= bound if self.at_most else judged >= bound

    def told(self, bound: float) -> str:
        return f"{'≤' if self.at_most else '≥'} {bound:g}"


def at_least(hard: float, stretch: float) -> Target:
    return Target(hard, stretch, at_most=False)


def at_most(hard: float, stretch: float) -> Target:
    return Target(hard, stretch, at_most=True)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one figure came to in each round, and the most CPU (1.0 = a core) that others used in any of them."""

    values: Sequence[float]
    other_cpu: float = 0.0

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(frozen=True, slots=True)
class Line:
    """`sample` in `unit`; `beside` names a peer or a floor, `other` is its figure. `facts` go into the JSON only."""

    measure: str
    what: str
    unit: str
    sample: Sample
    beside: str = ""
    other: Sample | None = None
    target: Target | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return self.sample.median

    @property
    def ratio(self) -> float | None:
        return self.value / self.other.median if self.other and self.other.median else None

    @property
    def noisy(self) -> bool:
        return max(self.sample.other_cpu, self.other.other_cpu if self.other else 0.0) > NOISY

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "–"
        judged = self.value if self.ratio is None else self.ratio
        if self.target.met(judged, self.target.stretch):
            return "stretch"
        return "hard" if self.target.met(judged, self.target.hard) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"measure": self.measure, "what": self.what, "unit": self.unit, "value": self.value}
        found |= {"runs": list(self.sample.values), "other_cpu": self.sample.other_cpu}
        if self.other:
            found |= {"beside": self.beside, "beside_value": self.other.median, "ratio": self.ratio}
            found |= {"beside_runs": list(self.other.values), "beside_other_cpu": self.other.other_cpu}
        if self.target:
            found |= {"hard": self.target.told(self.target.hard), "stretch": self.target.told(self.target.stretch)}
            found["verdict"] = self.verdict
        return found | {"noisy": self.noisy} | self.facts


HEADS = ("measure", "figure", "Abreast", "beside", "its figure", "ratio", "hard", "stretch", "verdict")
_RIGHT = {2, 4, 5}


def table(lines: Iterable[Line]) -> str:
    """The lines for a person to read; `~` after a verdict: others used the machine meanwhile."""
    rows = [_row(line) for line in lines]
    widths = [max(len(row[at]) for row in [HEADS, *rows]) for at in range(len(HEADS))]
    ruler = tuple("─" * width for width in widths)
    return "\n".join(_aligned(row, widths) for row in [HEADS, ruler, *rows])


def _row(line: Line) -> tuple[str, ...]:
    target = line.target
    return (
        line.measure,
        line.what,
        f"{short(line.value)} {line.unit}",
        line.beside,
        f"{short(line.other.median)} {line.unit}" if line.other else "",
        f"{short(line.ratio)}x" if line.ratio is not None else "",
        target.told(target.hard) if target else "",
        target.told(target.stretch) if target else "",
        line.verdict + (" ~" if line.noisy else ""),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.rjust(width) if at in _RIGHT else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths))
    )
    return "  ".join(cells).rstrip()


def short(number: float) -> str:
    """Three digits that count, without an exponent."""
    if number == 0:
        return "0"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    digits = 1 if abs(number) >= 10 else 2 if abs(number) >= 1 else 3
    text = f"{number:.{digits}f}" if abs(number) >= 0.01 else f"{number:.2g}"
    return text.rstrip("0").rstrip(".") if "." in text else text
