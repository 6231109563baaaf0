"""Hands reports of agents from outside to whoever writes, and waits until they are committed."""

import random
from collections.abc import Sequence
from concurrent.futures import Future

from django.db import transaction
from django.utils import timezone

from runs import journal, loop, orchestrator, transitions
from runs.ledger import Ledger, LedgerFull
from runs.reports import Report, Verdict
from runs.slips import Slip
from todos.problems import Busy

PATIENCE_SECONDS = 20.0
CHANCE = random.random  # of the jitter of retries


class Slow(Busy):
    """It has not been written yet, and may still be."""


def deliver(reports: Sequence[Report]) -> None:
    """Each has its verdict afterwards. Raises Busy when the ledger is full: then none of them was carried out."""
    ledger = orchestrator.ledger()
    if ledger is not None:
        submit(ledger, [Slip(report.run, report, Future()) for report in reports])
    else:
        _directly(reports)


def submit(ledger: Ledger, slips: Sequence[Slip]) -> None:
    """Returns when all of these are committed. Raises Busy, or what kept them from being written."""
    try:
        ledger.submit(slips)
        for slip in slips:
            if slip.answer is not None:
                slip.answer.result(PATIENCE_SECONDS)
    except LedgerFull:
        raise Busy("too many reports wait to be written") from None
    except TimeoutError:
        raise Slow("it takes too long to write this down") from None


def _directly(reports: Sequence[Report]) -> None:
    """In one transaction, run by run in the order of their ids, as the ledger does."""
    runs: dict[int, list[Report]] = {}
    for report in reports:
        runs.setdefault(report.run, []).append(report)
    with transaction.atomic():
        journal.lock_claims(list(runs))
        for run_id, about in sorted(runs.items()):
            try:
                with journal.of(run_id, timezone.now()) as entry:
                    transitions.apply(entry, about, CHANCE())
                    loop.run_pass(entry, None)
            except journal.NoSuchRun:
                for report in about:
                    report.verdict = Verdict.UNKNOWN
