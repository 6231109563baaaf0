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

QUICK_SUBTASKS = 1_000  # of fewer it is worked out while one waits
SHARE = 10
MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """`at`: as of when. `until`: by the steady clock, until when it is good whatever happens."""

    mark: tuple[Any, ...]
    at: datetime
    until: float
    found: Gained | None


_kept: dict[int, Kept] = {}


def known(run: Run, steady: Callable[[], float] = time.monotonic) -> Kept | None:
    """What need not be worked out anew."""
    kept = _kept.get(run.pk)
    if kept is None or kept.mark[0] != run.created_at:
        return None
    good = kept.mark == _mark(run) if run.finished_at else steady() < kept.until
    return kept if good else None


def of(run: Run, now: datetime, steady: Callable[[], float] = time.monotonic) -> Kept:
    """What is known, or is worked out now."""
    if (kept := known(run, steady)) is not None:
        return kept
    began = steady()
    found = gained.gained(run, now)
    took = steady() - began
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    kept = _kept[run.pk] = Kept(_mark(run), now, began + took * (SHARE + 1), found)
    return kept


def is_quick(run: Run) -> bool:
    """Whether nobody has to wait for it to speak of."""
    return run.total <= QUICK_SUBTASKS or run.total > gained.MOST_SUBTASKS or known(run) is not None


def _mark(run: Run) -> tuple[Any, ...]:
    """What tells runs that have ended apart; a baseline may be measured later."""
    return run.created_at, run.finished_at, run.last_seq, run.baseline_seconds
