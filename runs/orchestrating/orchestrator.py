"""The orchestrator of this process, started and stopped as one: the ledger that writes, the workers that work, and the
estimator that says when they are done."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runs import announce, journal, loop, transitions
from runs.backends import slots
from runs.backends.embedded import Embedded
from runs.estimating.live import Live
from runs.executors import python
from runs.executors.search import background
from runs.ledger import Ledger
from runs.letters.courier import Courier
from runs.models import Attempt, Backend, Run
from runs.orchestrating.clerk import Clerk
from runs.orchestrating.leading import Lead, LedLedger
from runs.reports import Report, Said

log = logging.getLogger(__name__)

_ledger: Ledger | None = None
_beside: list[Courier | Live] = []  # what works beside the ledger, in threads of its own


def start(lead: Lead | None = None) -> Ledger:
    """Takes back what a server that died was doing, then starts. One at a time in a process.

    `lead`: where several processes may orchestrate, that this one does. Whoever did so before cannot write any more, so
    what its workers were at is taken back too, even if it should still live.
    """
    global _ledger
    if _ledger is not None:
        raise RuntimeError("the orchestrator of this process is running already")
    recover(timezone.now())
    seats = Embedded()
    slots.publish(lambda: seats.slots)
    _ledger = LedLedger(seats, lead) if lead else Ledger(seats)
    _ledger.start()
    announce.meet(_wake_all)
    for one in (Courier(), Live()):
        one.start()
        _beside.append(one)
    return _ledger


def attend() -> Ledger:
    """Starts what writes for a process that only serves."""
    global _ledger
    if _ledger is not None:
        raise RuntimeError("the ledger of this process is running already")
    _ledger = Clerk()
    _ledger.start()
    announce.meet()
    return _ledger


def stop() -> None:
    """Hands back what is under way, writes that down, and ends."""
    global _ledger
    while _beside:
        _beside.pop().stop()
    if _ledger is not None:
        if _ledger.seats is not None:
            _ledger.pause()
            _ledger.seats.stop()
        _ledger.stop()
        _ledger = None
        slots.publish(None)
        background.stop()
        python.close_all()
    announce.part()


def ledger() -> Ledger | None:
    """The ledger of this process, if it runs one."""
    return _ledger


def wake(run_id: int) -> None:
    """After the commit, has a pass made over this run, here and by whoever leads. Where nobody does, the next sweep of
    one that does will; what is for Celery needs none."""
    transaction.on_commit(lambda: _wake(run_id), robust=True)


def _wake(run_id: int) -> None:
    announce.wake(run_id)
    if _ledger:
        _ledger.wake(run_id)
    elif settings.CELERY_BROKER_URL and Run.objects.filter(pk=run_id, backend=Backend.CELERY).exists():
        with transaction.atomic(), journal.of(run_id, timezone.now()) as entry:
            loop.run_pass(entry, None)


def _wake_all(runs: Collection[int]) -> None:
    if ledger := _ledger:
        for run_id in runs:
            ledger.wake(run_id)


def recover(now: datetime) -> int:
    """Attempts of a server that is no more are lost: their subtasks go to the next worker. Says how many there were.

    Agents from outside could not report meanwhile: they have the time of a whole lease to do so.
    """
    opened = Attempt.objects.filter(status__in=["leased", "running"])
    rows = opened.filter(agent__kind="embedded", agent__token=None).order_by("run_id", "id")
    reports: dict[int, list[Report]] = {}
    for run, number, epoch in rows.values_list("run_id", "id", "epoch"):
        report = Report(Said.LOSE, run, number, epoch, error="the server ended while it ran")
        reports.setdefault(run, []).append(report)
    for run, lost in reports.items():
        with transaction.atomic(), journal.of(run, now) as entry:
            transitions.apply(entry, lost, chance=0.0)
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    opened.filter(agent__token__isnull=False, lease_expires_at__lt=until).update(lease_expires_at=until)
    found = sum(len(lost) for lost in reports.values())
    if found:
        log.warning("%s attempts were under way when the last server ended; they are tried again", found)
    return found
