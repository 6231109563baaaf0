"""Group commit: whatever reports wait are carried out in one transaction, and each caller gets its own verdict.

One thread a process writes all that is hot. It never waits to gather more: it takes what is there, at most BATCH. A run
that a batch touches gets its pass (`runs/loop.py`) in the same transaction, so a finished subtask and the lease of the
next one are one commit.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from runs import journal, loop, storage, sweep, transitions
from runs.backends.embedded import Embedded
from runs.backends.seat import Grant, Worker
from runs.entry import Entry
from runs.external import commands, outside
from runs.leases import Lease
from runs.orchestrating import mirror
from runs.orchestrating.load import Load
from runs.reports import Report, Said, Verdict
from runs.slips import Slip, by_run, over

BATCH = 1_000
CHECKPOINT_EVERY = 500  # transactions

log = logging.getLogger(__name__)


class LedgerFull(Exception):
    """More reports wait than the ledger holds, or it is ending; the caller should try again shortly."""


class Ledger:
    """The one writer. `seats` is the embedded backend of this process, or None where nothing is dispatched.

    `clock` is the wall's, `steady` counts seconds and is never set, `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        seats: Embedded | None = None,
        *,
        clock: Callable[[], datetime] = timezone.now,
        steady: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        capacity: int = 10_000,
    ) -> None:
        self.seats = seats
        self.clock = clock
        self.steady = steady
        self.chance = chance
        self.capacity = capacity
        self._slips: queue.SimpleQueue[Slip | None] = queue.SimpleQueue()
        self._later: list[Slip] = []  # of our own workers, for when the database is well again
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._writing = threading.Lock()
        self._woken: set[int] = set()  # runs in which others let something go
        self._stopping = self._ending = False  # while it stops, nothing is dispatched any more
        self._commits = 0
        self.load = Load()
        self._next_sweep = float("-inf")
        self._round = sweep.Sweep(seats)
        self._mirror = mirror.Mirror(steady)

    # ---- what others call, from any thread ----

    def start(self) -> None:
        self._thread.start()

    def pause(self) -> None:
        """When this returns nothing is dispatched any more; reports are carried out as before."""
        self._stopping = True
        with self._writing:
            pass

    def stop(self) -> None:
        """Carries out what waits, then ends the thread."""
        self._stopping = self._ending = True
        self._slips.put(None)
        if self._thread.is_alive():
            self._thread.join()
        while not self._slips.empty():
            if (slip := self._slips.get()) and slip.answer and slip.answer.set_running_or_notify_cancel():
                slip.answer.set_exception(LedgerFull())

    def report(self, report: Report) -> "Future[Report]":
        """Queues a report; the future holds it with its verdict once it is committed. Raises LedgerFull."""
        answer: Future[Report] = Future()
        self.submit([Slip(report.run, report, answer)])
        return answer

    def submit(self, slips: Sequence[Slip]) -> None:
        """Queues these, all or none; each has its answer once it is committed. Raises LedgerFull."""
        if self._ending or self._slips.qsize() + len(slips) > self.capacity:
            raise LedgerFull
        for slip in slips:
            self._slips.put(slip)

    def report_from(
        self, worker: Worker, report: Report, *, in_place: Lease | None = None, frees: bool = False
    ) -> None:
        """The same for a worker of this process, who needs no answer."""
        self._slips.put(Slip(report.run, report, None, worker, in_place, frees))

    @property
    def waiting(self) -> int:
        """What is queued."""
        return self._slips.qsize()

    def wake(self, run_id: int) -> None:
        """Asks for a pass over this run."""
        self._slips.put(Slip(run_id))

    # ---- the thread ----

    def _work(self) -> None:
        try:
            while not self._ending or not self._slips.empty():
                self.turn()
            self._try_again()
        finally:
            connection.close()

    def turn(self) -> None:
        """Carries out what waits, or waits until the next sweep is due; sweeps. Never raises: all hangs on it."""
        try:
            if batch := self._take():
                self._carry_out(batch)
            if self.steady() >= self._next_sweep:
                self._sweep()
            if self._commits >= CHECKPOINT_EVERY:
                self._commits = 0
                storage.checkpoint()
        except Exception as error:
            log.exception("the ledger stumbled")
            storage.reconnect_after(error)

    def _take(self) -> list[Slip]:
        wait = min(sweep.SECONDS, self._next_sweep - self.steady())
        batch: list[Slip | None] = []
        try:
            batch.append(self._slips.get(timeout=wait) if wait > 0 else self._slips.get_nowait())
            while len(batch) < BATCH:
                batch.append(self._slips.get_nowait())
        except queue.Empty:
            pass
        return [slip for slip in batch if slip]

    def _carry_out(self, batch: list[Slip]) -> None:
        """One transaction for all; if it fails, one for each, so that one bad report cannot fail its neighbours."""
        try:
            stopping = self._commit(batch)
        except Exception as error:
            storage.reconnect_after(error)
            if len(batch) == 1 or isinstance(error, storage.OUTAGES):
                for slip in batch:
                    self._refuse(slip, error)
            else:
                for slip in batch:
                    self._carry_out([slip])
        else:
            self._committed(batch, stopping)

    def _commit(self, batch: list[Slip]) -> list[int]:
        """Writes it and hands out what follows. Gives the attempts that are to stop."""
        now, since = self.clock(), time.perf_counter()
        kept = self.seats.snapshot() if self.seats else None
        grants: list[Grant] = []
        stopping: list[int] = []
        with self._writing:
            try:
                with transaction.atomic():
                    journal.lock_claims([slip.run for slip in batch])
                    for run_id, slips in by_run(batch):
                        grants += self._one_run(run_id, slips, now, stopping)
            except BaseException:
                if self.seats and kept is not None:
                    self.seats.restore(kept)
                raise
            self.load.committed(len(batch), time.perf_counter() - since)
            if self.seats:
                self.seats.hand_out(grants, self)
        return stopping

    def _one_run(self, run_id: int, slips: list[Slip], now: datetime, stopping: list[int]) -> list[Grant]:
        try:
            with journal.of(run_id, now, in_turn=True) as entry:
                reports = [slip.report for slip in slips if slip.report and not slip.in_place]
                if reports:
                    transitions.apply(entry, reports, self.chance())
                    commands.answer(entry, reports)
                if in_place := [slip for slip in slips if slip.in_place]:
                    self._write_in_place(entry, in_place)
                self._seat(slips, now)
                if wanted := [slip.wanted for slip in slips if slip.wanted and not self._stopping]:
                    outside.serve(entry, wanted, self.seats)
                grants = self._pass(entry, slips)
                self._woken |= entry.woken
                if entry["stopping"]:
                    stopping += transitions.stopping_attempts(entry)
                return grants
        except journal.NoSuchRun:
            self._seat(slips, now)
            if self.seats:
                self.seats.leave_line(run_id)
            for slip in slips:
                if slip.report:
                    slip.report.verdict = Verdict.UNKNOWN
            return []

    def _pass(self, entry: Entry, _: list[Slip]) -> list[Grant]:
        return loop.run_pass(entry, self.seats if not self._stopping else None)

    def _write_in_place(self, entry: Entry, slips: list[Slip]) -> None:
        """Leases what was done in place, and ends it. Who is too late is refused like anyone."""
        since = len(entry.events)
        both = ((slip.in_place, slip.report) for slip in slips)
        done = {lease.pick.subtask: (lease, report) for lease, report in both if lease and report}
        for lease, report in done.values():
            report.attempt, report.epoch = lease.attempt, lease.epoch  # 0 unless it has surfaced
        fresh = [lease.pick for lease, _ in done.values() if not lease.attempt]
        for made in transitions.lease(entry, fresh, done_in_place=True):
            _, report = done[made.pick.subtask]
            report.attempt, report.epoch = made.attempt, made.epoch
        transitions.apply(entry, [report for _, report in done.values()], self.chance())
        entry.one_after_the_other(since)

    def _seat(self, slips: list[Slip], now: datetime) -> None:
        """Keeps the book of who is free."""
        for slip in slips:
            if self.seats and slip.worker and slip.report:
                at = slip.report.at or now
                self.seats.reported(slip.worker, ends=slip.report.ends, frees=slip.frees, now=at)

    def _committed(self, batch: list[Slip], stopping: list[int]) -> None:
        self._commits += 1
        if self.seats:
            self.seats.stop_attempts(stopping + [slip.report.attempt for slip in batch if slip.report and over(slip)])
            for run_id in self._woken.union(self.seats.next_in_line()) if not self._stopping else ():
                self.wake(run_id)
        self._woken.clear()
        for slip in batch:
            if self.seats and slip.worker and slip.report:
                self.seats.paces.note(slip.report)
            if slip.answer and slip.answer.set_running_or_notify_cancel():
                slip.answer.set_result(slip.report)

    # ---- what could not be written ----

    def _refuse(self, slip: Slip, error: Exception) -> None:
        log.error("could not write %s", slip.report or f"run {slip.run}", exc_info=error)
        if self.seats:
            self.seats.leave_line(slip.run)
        if slip.answer:
            if slip.answer.set_running_or_notify_cancel():
                slip.answer.set_exception(error)
        elif slip.worker and slip.report:
            self._keep(slip, slip.report, error)

    def _keep(self, slip: Slip, report: Report, error: Exception) -> None:
        """What a worker of ours has done must not be lost because the disk was full for a moment; and what can never be
        written must not cost us the worker."""
        if isinstance(error, storage.OUTAGES):
            self._later.append(slip)
        elif report.ends and not slip.instead:
            why = f"what came of it could not be written: {type(error).__name__}"
            failed = Report(
                Said.FAIL, report.run, report.attempt, report.epoch, at=report.at, error=why, retryable=False
            )
            self._slips.put(replace(slip, report=failed, instead=True))
        else:
            self._seat([slip], self.clock())

    def _try_again(self) -> None:
        if self._later:
            batch, self._later = self._later, []
            self._carry_out(batch)

    # ---- each second ----

    def _sweep(self) -> None:
        tick, looked = self.steady(), self.clock()
        self._next_sweep = tick + sweep.SECONDS
        self._try_again()
        if self._later:
            return  # while our own writes fail, nobody else's silence counts
        reports, runs = self._round.look_round(tick, looked)
        if slips := [Slip(report.run, report) for report in reports] + [Slip(run_id) for run_id in runs]:
            self._carry_out(slips)
        self._mirror.show()
        self._next_sweep = tick + sweep.until_next(looked, self.clock())
