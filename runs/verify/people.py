"""I8, the time that people took to answer: what runs and attempts keep of it equals what the log says."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from runs.models import Attempt, Event, Run
from runs.reading import rested
from runs.verify.base import Check, Scope, near


def _rested_as_logged(scope: Scope) -> Iterator[str]:
    for run in _asking(scope).iterator():
        until = run.finished_at or max(run.updated_at, scope.now)
        kept = run.person_seconds or 0.0
        if run.person_at is not None:
            kept += max(0.0, (until - run.person_at).total_seconds())
        found = rested.seconds(rested.found(run, until), until)
        if not near(kept, found):
            yield f"run {run.pk} keeps {kept:.6f} seconds of waiting for people, and by its log there are {found:.6f}"


def _waited_as_logged(scope: Scope) -> Iterator[str]:
    """An attempt that ended while it asked, at a time it gave itself, waited until then."""
    for run in _asking(scope).iterator():
        waits: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        for attempt, since, until in rested.asked(run.pk):
            waits[attempt].append((since, until))
        kept = Attempt.objects.filter(Q(run=run.pk) & (Q(pk__in=list(waits)) | ~Q(asked_seconds=0)))
        for one in kept.only("finished_at", "asked_at", "asked_seconds").order_by("pk"):
            found = _over(waits[one.pk], one.finished_at)
            if not near(one.asked_seconds, found):
                yield f"attempt {one.pk} asked for {one.asked_seconds:.6f} seconds, and by its log for {found:.6f}"
            if (one.asked_at is None) != all(until for _, until in waits[one.pk]):
                yield f"attempt {one.pk} asks since {one.asked_at}, and its log says otherwise"


def _over(waits: list[tuple[datetime, datetime | None]], last: datetime | None) -> float:
    """Seconds of those that have ended, none of them after the end of the attempt."""
    over = [(since, min(until, last) if last else until) for since, until in waits if until]
    return sum((until - since for since, until in over), timedelta()).total_seconds()


def _asking(scope: Scope) -> QuerySet[Run]:
    """Runs in which somebody was asked, or was kept to have been; of earlier ones nobody has counted it."""
    asked = Event.objects.filter(run=OuterRef("pk"), kind__in=["asked", "asks"])
    kept = Q(person_at__isnull=False) | ~Q(person_seconds=0) | Q(approvals__gt=0) | Exists(asked)
    runs = Run.objects.filter(kept, trim_seq=0, person_seconds__isnull=False).order_by("pk").defer("result")
    return runs if scope.run_id is None else runs.filter(pk=scope.run_id)


CHECKS = [
    Check("I8", "the time a run waited for people is that of its log", _rested_as_logged),
    Check("I8", "the time attempts waited for an answer is that of their log", _waited_as_logged),
]
