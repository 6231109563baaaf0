"""What `gained` found of a run, as the contract words it."""

from dataclasses import asdict
from typing import Literal, cast

from typing_extensions import TypedDict

from runs.engine.speedup import Slowdown
from runs.engine.waterfall import Part
from runs.estimating.record import record
from runs.insight.gained import Gained
from runs.models import Checkpoint, Run
from todos.rest.answers import closed


@closed
class PartOut(TypedDict):
    part: str
    seconds: float
    share: float


@closed
class SpreadOut(TypedDict):
    median_seconds: float
    p95_seconds: float


@closed
class SlowdownOut(TypedDict):
    ratio: float
    compared: int
    slower: bool
    against: Literal["baseline", "history"]


@closed
class EtaRecord(TypedDict):
    """In percent of the time of the whole run: `runs.estimating.record.Record`."""

    runs: int
    checkpoints: int
    error_percent: float
    early_error_percent: float | None
    late_error_percent: float | None
    coverage_percent: float
    interval_score: float


@closed
class EtaPoint(TypedDict):
    """What was said of when the run is over, and the speedup, so long after its start. `shown`: it was not too early to
    tell when."""

    elapsed_seconds: float
    eta_seconds: float
    eta_low_seconds: float
    eta_high_seconds: float
    shown: bool
    speedup: float | None


@closed
class Insight(TypedDict):
    wall_seconds: float
    agents: int
    where: list[PartOut]
    overhead: SpreadOut | None
    slowdown: SlowdownOut | None
    eta: EtaRecord | None
    eta_points: list[EtaPoint]


def insight(run: Run, found: Gained | None) -> Insight | None:
    """`where`: parts of the time in the order of the picture; their seconds add up to it."""
    if found is None:
        return None
    flow, overhead, slow = found.waterfall, found.overhead, found.slowdown
    whole = flow.wall_seconds or 1.0
    return {
        "wall_seconds": flow.wall_seconds,
        "agents": flow.seats,
        "where": [
            {"part": str(part), "seconds": flow.seconds(part), "share": flow.seconds(part) / whole} for part in Part
        ],
        "overhead": {"median_seconds": overhead.median, "p95_seconds": overhead.p95} if overhead else None,
        "slowdown": _slowdown(slow, found.measured) if slow else None,
        "eta": eta_record([run.pk]),
        "eta_points": _eta_points(run),
    }


def _eta_points(run: Run) -> list[EtaPoint]:
    """In the order of time."""
    made = Checkpoint.objects.filter(run=run.pk).order_by("point")
    return [
        {
            "elapsed_seconds": one.elapsed,
            "eta_seconds": one.eta,
            "eta_low_seconds": one.low,
            "eta_high_seconds": one.high,
            "shown": one.shown,
            "speedup": one.speedup,
        }
        for one in made
    ]


def _slowdown(found: Slowdown, measured: bool) -> SlowdownOut:
    return {
        "ratio": found.ratio,
        "compared": found.compared,
        "slower": found.slower,
        "against": "baseline" if measured else "history",
    }


def eta_record(runs: list[int]) -> EtaRecord | None:
    """How far the expected times that were shown of these runs were off, and how often the truth lay within the range.
    None: no record yet.
    """
    found = record(runs)
    return cast(EtaRecord, asdict(found)) if found else None
