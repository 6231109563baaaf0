"""Two runs beside each other: where their time went, and what they gained."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.pages import insight_page
from dashboard.words import figures
from runs.engine.waterfall import Part
from runs.insight import beside, past
from runs.insight.gained import Gained
from runs.models import Run


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both, and by how much the second differs where that can be said."""

    name: str
    values: list[str]
    change: str = ""


def context(runs: Sequence[Run], now: datetime) -> dict[str, Any]:
    lines = past.lines_of(runs, now)
    told = [beside.find(run, now) for run in runs]
    found = [one.found for one in told if one is not None]
    return {"runs": runs, "rows": _rows(lines), "parts": _parts(found), "awaited": len(found) < len(told)}


def _rows(lines: Sequence[past.Line]) -> list[Row]:
    told = [line.progress for line in lines]

    def row(name: str, values: list[float | None], say: Any) -> Row:
        return Row(name, [say(value) for value in values], change(*values))

    return [
        Row("Status", [str(line.run.status) for line in lines]),
        Row("How", [f"{line.run.strategy}, {figures.plural(line.run.max_agents, 'agent')}" for line in lines]),
        Row("Completed", [f"{one['completed']:,} of {one['total']:,}" for one in told]),
        row("Took", [one["elapsed_seconds"] for one in told], figures.duration),
        *(
            row(name, [one[field] for one in told], figures.duration)
            for name, field in (("Paused", "paused_seconds"), ("Waited for a person", "person_seconds"))
            if any((one[field] or 0) >= 1 for one in told)
        ),
        row("Finished work", [one["finished_work_seconds"] for one in told], figures.duration),
        row("Speedup, estimated", [one["speedup"] for one in told], figures.times),
        row("Speedup, measured", [one["baseline_speedup"] for one in told], figures.times),
        row("Efficiency", [one["efficiency_percent"] for one in told], insight_page.percent),
        row("Overhead per subtask", [one["overhead_seconds_per_subtask"] for one in told], figures.duration),
        Row("Retried, lost", [f"{one['retries']:,}, {one['losses']:,}" for one in told]),
        Row("Verdict", [one["verdict"] or figures.UNKNOWN for one in told]),
    ]


def _parts(found: Sequence[Gained | None]) -> list[Row]:
    """Seconds by part, of those that took any in either run; none where one of them cannot tell."""
    flows = [one.waterfall for one in found if one is not None]
    if len(flows) < 2:
        return []
    rows = []
    for part in Part:
        seconds = [flow.seconds(part) for flow in flows]
        if any(seconds):
            name, _ = insight_page.WORDS[part]
            rows.append(Row(name, [figures.precise(value) for value in seconds], change(*seconds)))
    walls = [flow.wall_seconds for flow in flows]
    return [*rows, Row("Actual", [figures.precise(wall) for wall in walls], change(*walls))]


MANY = 10.0  # times: beyond that nobody thinks in percent


def change(first: float | None, second: float | None) -> str:
    """By how much the second is more or less than the first: "+12 %", "15 times as much", "next to nothing"; nothing
    where that has no meaning."""
    if not first or second is None:
        return ""
    ratio = second / first
    if ratio > MANY:
        return f"{_about(ratio):,} times as much"
    percent = round(100 * (ratio - 1))
    if percent == -100 and second:
        return "next to nothing"
    return f"{percent:+d} %".replace("-", "−") if percent else "±0 %"


def _about(number: float) -> int:
    """In two digits that count: 1,482 is 1,500."""
    digits = len(str(int(number)))
    return int(round(number, 2 - digits))
