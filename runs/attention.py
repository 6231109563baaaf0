"""What waits for a person: things that nothing but a person can move on, most held-up work first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from runs.engine import states
from runs.models import Run

LOOKED_AT = 100  # of the newest runs: what is older and was never looked at is not going to be
FORGOTTEN_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide. `holds_up`: subtasks that cannot go on, or never started, because of it."""

    run: Run
    failed: int
    holds_up: int
    ended: bool


def items(owner_id: int, now: datetime, limit: int = 20) -> list[Item]:
    """Runs in which work failed, unless they were tried again since; those that hold up most first."""
    found = [Item(run, run.failed, run.skipped, run.finished_at is not None) for run in _failed(owner_id, now)]
    return sorted(found, key=lambda item: (-item.holds_up, -item.failed, -item.run.pk))[:limit]


def count(owner_id: int, now: datetime) -> int:
    """How many there are, for the number beside the navigation."""
    return _failed(owner_id, now).count()


def _failed(owner_id: int, now: datetime) -> QuerySet[Run]:
    newest = Run.objects.filter(owner=owner_id).order_by("-pk").values("pk")[:LOOKED_AT]
    recent = Q(status__in=states.RUN_UNENDED, failed__gt=0) | Q(
        status=states.Run.FAILED, failed__gt=0, finished_at__gt=now - FORGOTTEN_AFTER
    )
    tried_again = Run.objects.filter(retry_of=OuterRef("pk"))
    return Run.objects.filter(recent, ~Exists(tried_again), pk__in=newest)
