"""What runs gained, kept in this process: of a large run it takes long to work out.

Of a run that has ended it stays; of one under way it is worked out anew when something has happened since, but not
more often than that it takes a tenth of the time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runs.insight import gained
from runs.insight.gained import Gained
from runs.models import Run

SHARE = 10
MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """`at`: as of when. `until`: by the steady clock, until when it is good whatever happens."""

    mark: tuple[Any, ...]
    at: datetime
    until: float
    found: Gained | None


_kept: dict[tuple[int, float | None], Kept] = {}


def known(run: Run, until: float | None = None, steady: Callable[[], float] = time.monotonic) -> Kept | None:
    """What need not be worked out anew. `until`: of its first seconds only."""
    kept = _kept.get((run.pk, until))
    if kept is None or kept.mark[0] != run.created_at:
        return None
    good = kept.mark == _mark(run) if run.finished_at else steady() < kept.until
    return kept if good else None


def of(run: Run, now: datetime, until: float | None = None, steady: Callable[[], float] = time.monotonic) -> Kept:
    """What is known, or is worked out now."""
    if (kept := known(run, until, steady)) is not None:
        return kept
    began = steady()
    found = gained.gained(run, now, until)
    return keep(run, now, until, found, steady() - began, steady)


def keep(
    run: Run,
    now: datetime,
    until: float | None,
    found: Gained | None,
    took: float,
    steady: Callable[[], float] = time.monotonic,
) -> Kept:
    """What somebody has worked out of this run, as it stood at `now`, in `took` seconds."""
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    kept = _kept[run.pk, until] = Kept(_mark(run), now, steady() + took * SHARE, found)
    return kept


def _mark(run: Run) -> tuple[Any, ...]:
    """What tells runs that have ended apart; a baseline may be measured later."""
    return run.created_at, run.finished_at, run.last_seq, run.baseline_seconds
