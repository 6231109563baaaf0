"""Hands reports of agents from outside to whoever writes, and waits until they are committed."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from django.db import transaction
from django.utils import timezone

from runs import journal, loop, transitions
from runs.external import commands
from runs.ledger import Ledger, LedgerFull
from runs.orchestrating import orchestrator
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
    if ledger is None:
        _directly(reports)
    elif reports:
        submit(ledger, _slips(reports))
        _all_judged(reports)


async def delivered(ledger: Ledger, reports: Sequence[Report]) -> None:
    """The same in an event loop, which goes on meanwhile."""
    if not reports:
        return
    slips = _slips(reports)
    answer = slips[-1].answer
    assert answer is not None
    try:
        ledger.submit(slips)
        await asyncio.wait_for(_letter_box().heard(answer), PATIENCE_SECONDS)
    except LedgerFull:
        raise Busy("too many reports wait to be written") from None
    except TimeoutError:
        raise Slow("it takes too long to write this down") from None
    _all_judged(reports)


class _LetterBox:
    """Brings answers of the ledger into an event loop: those of one commit together, since waking the loop for each
    would take the ledger longer than writing what they are about."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._arrived: deque[tuple[asyncio.Future[None], Future[Any]]] = deque()

    def heard(self, answer: "Future[Any]") -> "asyncio.Future[None]":
        """Done when the answer is there, with whatever it raises."""
        waits = self._loop.create_future()
        answer.add_done_callback(lambda done: self._put(waits, done))
        return waits

    def _put(self, waits: "asyncio.Future[None]", answer: "Future[Any]") -> None:
        """In the thread of whoever has the answer."""
        with self._lock:
            self._arrived.append((waits, answer))
            first = len(self._arrived) == 1
        if first:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(self._open)

    def _open(self) -> None:
        while self._arrived:
            waits, answer = self._arrived.popleft()
            if not waits.done():
                error = answer.exception()
                if error is None:
                    waits.set_result(None)
                else:
                    waits.set_exception(error)


_letter_boxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _LetterBox] = WeakKeyDictionary()


def _letter_box() -> _LetterBox:
    """That of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _letter_boxes.get(loop)
    if found is None:
        found = _letter_boxes[loop] = _LetterBox(loop)
    return found


def _slips(reports: Sequence[Report]) -> list[Slip]:
    """In the order in which the ledger takes them, so the last one is answered when all have been looked at."""
    slips = [Slip(report.run, report) for report in reports]
    slips[-1].answer = Future()
    return slips


def _all_judged(reports: Sequence[Report]) -> None:
    """Raises Busy when some could not be written, though the last one was."""
    if any(report.verdict is None for report in reports):
        raise Busy("some of this could not be written")


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
                    commands.answer(entry, about)
                    loop.run_pass(entry, None)
            except journal.NoSuchRun:
                for report in about:
                    report.verdict = Verdict.UNKNOWN
