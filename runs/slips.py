"""What the ledger is given to look at."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from runs.backends.hand import Hand
from runs.backends.seat import Worker
from runs.external.wanted import Wanted
from runs.leases import Lease
from runs.reports import Report, Verdict


@dataclass(slots=True)
class Slip:
    """Something to look at: a report, or (without one) a run that wants a pass.

    `in_place`: the report is about work that has no attempt yet. `frees`: the worker has nothing more to do.
    `instead`: it stands for a report that could not be written. `wanted`: an agent from outside asks for work.
    `hand`: a thread of a Celery worker, free for more of the run once this is written.
    """

    run: int
    report: Report | None = None
    answer: Future[Any] | None = None
    worker: Worker | None = None
    in_place: Lease | None = None
    frees: bool = False
    instead: bool = False
    wanted: Wanted | None = None
    hand: Hand | None = None


def by_run(batch: Iterable[Slip]) -> list[tuple[int, list[Slip]]]:
    """In the order of run ids: two processes that take locks in one order cannot block each other."""
    runs: dict[int, list[Slip]] = {}
    for slip in batch:
        runs.setdefault(slip.run, []).append(slip)
    return sorted(runs.items())


def over(slip: Slip) -> bool:
    """Whether an attempt turned out to be over without a word from the worker who may still be at it."""
    if slip.report is None or slip.worker:
        return False
    return slip.report.ends or slip.report.verdict is Verdict.REFUSED
