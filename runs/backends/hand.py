"""A thread of a Celery worker that asks for more."""

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from runs.leases import Lease


@dataclass(slots=True)
class Hand:
    """A thread of a worker that is free for more of the run, if it is of these lanes. `lease` is what it is given;
    `answer` has it once that is written."""

    agent: int
    free_since: datetime
    lanes: Collection[str]
    lease: Lease | None = None
    answer: Future[Lease | None] = field(default_factory=Future)
