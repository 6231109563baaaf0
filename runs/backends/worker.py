"""A Celery worker: takes attempts up, carries them out, and reports into the database.

One process with a thread for each seat. A desk of its own writes what the threads say, many reports a transaction,
sends their heartbeats and hears what is to stop. Commands and Python calls run in child processes, as everywhere.
"""

import logging
import queue
import threading
import time
from collections.abc import Collection
from concurrent.futures import Future
from datetime import datetime
from itertools import count
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.utils import timezone

from runs import loop, sweep
from runs.backends.hand import Hand
from runs.backends.seat import Grant
from runs.entry import Entry
from runs.executors.base import Job, Stop
from runs.executors.running import carry_out, job_for
from runs.leases import Lease
from runs.ledger import BATCH, Ledger
from runs.models import Agent, Attempt
from runs.orchestrating import broker
from runs.reports import Report, Said, Verdict
from runs.slips import Slip

PATIENCE_SECONDS = 30.0  # with a database that does not answer, before a message is dropped
TOGETHER_SECONDS = 0.003  # after a commit, for those who end what they were given with it
GO_ON_SECONDS = 1.0  # for which a thread goes on with the same run; then others have their turn
LEAVING_SECONDS = 10.0  # that what is under way has to stop when the worker does

OVER = (Verdict.REFUSED, Verdict.UNKNOWN)  # the attempt does not count any more

log = logging.getLogger(__name__)


class Seat:
    """One thread: an agent, and since when it is free."""

    def __init__(self, agent: int, now: datetime) -> None:
        self.agent = agent
        self.free_since = now


class Desk(Ledger):
    """Writes for the threads of this process, and sweeps nothing but their attempts."""

    def __init__(
        self, lanes: Collection[str] = broker.LANES, go_on_seconds: float = GO_ON_SECONDS, **more: Any
    ) -> None:
        super().__init__(None, **more)
        self.lanes = lanes
        self.go_on_seconds = go_on_seconds
        self._doing: dict[int, tuple[int, Lease, Job]] = {}  # by attempt: its run, too
        self._next_beat = float("-inf")
        self._leaving = False
        self._begun: set[int] = set()  # attempts handed over with the last commit that have not been heard of
        self._back_by = float("-inf")

    def carry_out(self, seat: Seat, run_id: int, lease: Lease) -> None:
        """Does one attempt, and for a while what is next in its run. How each ended is written in a moment, or when the
        database is back."""
        until = self.steady() + self.go_on_seconds
        following: Lease | None = lease
        while following is not None:
            hand = self._do(seat, run_id, following, until)
            following = self._given(hand) if hand else None

    def _do(self, seat: Seat, run_id: int, lease: Lease, until: float) -> Hand | None:
        """Gives the hand with which the thread waits for more, unless it has gone on for long enough."""

        def tell(progress: float | None, message: str | None) -> None:
            beat = Report(Said.BEAT, run_id, lease.attempt, lease.epoch, progress=progress, message=message)
            self._say(seat, beat)

        job = job_for(run_id, lease)
        job.report = tell
        self._doing[lease.attempt] = (run_id, lease, job)
        if self._leaving:
            job.stop(Stop.RELEASE)
        try:
            report = carry_out(job, run_id, lease, self.clock)
            seat.free_since = self.clock()
            goes_on = self.steady() < until and not self._leaving
            hand = Hand(seat.agent, seat.free_since, self.lanes) if goes_on else None
            self._say(seat, report, hand)
            return hand
        finally:
            del self._doing[lease.attempt]

    def _given(self, hand: Hand) -> Lease | None:
        try:
            return hand.answer.result(PATIENCE_SECONDS)
        except TimeoutError:
            return None if hand.answer.cancel() else hand.answer.result()

    def leave(self) -> None:
        """Hands back what is under way; what comes is handed back at once."""
        self._leaving = True
        for _, _, job in list(self._doing.values()):
            job.stop(Stop.RELEASE)

    def wait_for_all(self, seconds: float) -> None:
        """Until nothing is under way, or for so long."""
        until = self.steady() + seconds
        while self._doing and self.steady() < until:
            time.sleep(0.02)

    def _say(self, seat: Seat, report: Report, hand: Hand | None = None) -> None:
        self.submit_own(Slip(report.run, report, None, cast(Any, seat), hand=hand))

    def submit_own(self, slip: Slip) -> None:
        """Never refused: it is kept until it can be written."""
        self._slips.put(slip)

    def _take(self) -> list[Slip]:
        """What waits, and what the threads that have just been given something quick say of it in a moment: else half
        of them would always wait for the other half."""
        batch = super()._take()
        self._begun -= {slip.report.attempt for slip in batch if slip.report}
        while batch and self._begun and len(batch) < BATCH and (left := self._back_by - self.steady()) > 0:
            try:
                slip = self._slips.get(timeout=left)
            except queue.Empty:
                break
            if slip:
                batch.append(slip)
                self._begun -= {slip.report.attempt} if slip.report else set()
        return batch

    def _pass(self, entry: Entry, slips: list[Slip]) -> list[Grant]:
        hands = [slip.hand for slip in slips if slip.hand and not slip.hand.answer.cancelled()]
        for hand in hands:
            hand.lease = None  # of a transaction that was rolled back
        return loop.run_pass(entry, None, [] if self._leaving else hands)

    def _committed(self, batch: list[Slip], stopping: list[int]) -> None:
        for run_id in self._woken:
            self.wake(run_id)
        super()._committed(batch, stopping)
        self._begun = {slip.hand.lease.attempt for slip in batch if slip.hand and slip.hand.lease}
        self._back_by = self.steady() + TOGETHER_SECONDS
        for slip in batch:
            if slip.hand:
                self._hand_over(slip.run, slip.hand)
        self._stop(stopping + [slip.report.attempt for slip in batch if slip.report and _is_over(slip.report)])

    def _hand_over(self, run_id: int, hand: Hand) -> None:
        if hand.answer.set_running_or_notify_cancel():
            hand.answer.set_result(hand.lease)
        elif lease := hand.lease:  # its thread waits no more
            self.submit_own(Slip(run_id, Report(Said.RELEASE, run_id, lease.attempt, lease.epoch)))

    def _refuse(self, slip: Slip, error: Exception) -> None:
        if hand := slip.hand:
            slip.hand = hand.lease = None
            self._hand_over(slip.run, hand)
        super()._refuse(slip, error)

    def _stop(self, attempts: list[int]) -> None:
        for attempt in attempts:
            if doing := self._doing.get(attempt):
                doing[2].stop(Stop.CANCEL)

    def _sweep(self) -> None:
        tick = self.steady()
        self._next_sweep = tick + sweep.SECONDS
        self._try_again()
        doing = list(self._doing.values())
        if not doing or self._later:
            return
        self._stop(sweep.unwanted([(one.attempt, one.epoch) for _, one, _ in doing]))
        if tick >= self._next_beat:
            self._next_beat = tick + settings.HEARTBEAT_SECONDS
            beats = [Report(Said.BEAT, run, lease.attempt, lease.epoch) for run, lease, _ in doing]
            self._carry_out([Slip(beat.run, beat) for beat in beats])


def _is_over(report: Report) -> bool:
    """Whether the attempt counts no more. A start that is refused is a message that came again: somebody is at it."""
    return report.said is not Said.START and report.verdict in OVER


class Worker:
    """What the task of the Celery application calls. `name` is the same after a restart. `process`: where each seat is
    a process, the number of this one. There a message is for one subtask, which its time limits are made for."""

    def __init__(self, name: str, lanes: Collection[str] = broker.LANES, process: int | None = None) -> None:
        self.name = name
        self.desk = Desk(lanes, GO_ON_SECONDS if process is None else 0.0)
        self._seats = threading.local()
        self._numbers = count(process or 1)
        self._lock = threading.Lock()

    def perform(self, attempt: int, epoch: int) -> None:
        """Takes the attempt up and carries it out. One that is taken, over or unknown is let be."""
        run_id = self._run_of(attempt)
        if run_id is None:
            return
        seat = self._seat()
        answer: Future[Any] = Future()
        report = Report(Said.START, run_id, attempt, epoch, taken_by=seat.agent, free_since=seat.free_since)
        self.desk.submit([Slip(run_id, report, answer)])
        answer.result(PATIENCE_SECONDS)
        if report.verdict is Verdict.ACCEPTED and report.lease is not None:
            self.desk.carry_out(seat, run_id, report.lease)

    def _run_of(self, attempt: int) -> int | None:
        try:
            return Attempt.objects.filter(pk=attempt).values_list("run_id", flat=True).first()
        except Exception:
            connection.close()  # it may be the connection that is broken
            raise

    def _seat(self) -> Seat:
        found: Seat | None = getattr(self._seats, "seat", None)
        if found is None:
            with self._lock:
                number = next(self._numbers)
            agent, _ = Agent.objects.get_or_create(
                name=f"{self.name}/{number}", token=None, defaults={"kind": "celery"}
            )
            found = self._seats.seat = Seat(agent.pk, timezone.now())
        return found

    def stop(self) -> None:
        """Writes down what is left."""
        self.desk.wait_for_all(LEAVING_SECONDS)
        self.desk.stop()
