"""A seat of this process: a thread that does one thing at a time, as it is told, and says what came of it.

Quick work is run in place: a grant may carry, behind its lease, more subtasks that are expected to take no time. The
worker does them one after the other without waiting for a commit in between; each is leased and ended in the same
transaction when its report arrives. They stay pending until then, reserved in memory; if the process dies they are
simply done again.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runs.engine.schedule import IN_PLACE_SECONDS
from runs.executors.base import Job, Stop
from runs.executors.running import carry_out, job_for
from runs.leases import Lease
from runs.reports import Report, Said

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """Who takes a worker's reports, and by whose clocks it goes: the wall's, and one that is never set."""

    clock: Callable[[], datetime]
    steady: Callable[[], float]

    def report_from(
        self, worker: "Worker", report: Report, *, in_place: Lease | None = None, frees: bool = False
    ) -> None: ...


@dataclass(slots=True)
class Grant:
    """What a seat is to do: a leased subtask, then quick ones in place."""

    seat: "Worker"
    run_id: int
    lease: Lease
    quick: list[Lease]


@dataclass(slots=True)
class Doing:
    """What a worker is at. The lease has no attempt while it works in place."""

    run_id: int
    lease: Lease
    job: Job
    started: float


class Worker:
    """One seat: a thread that runs one thing at a time. `agent_id` is its row among the agents."""

    def __init__(self, number: int, agent_id: int, now: datetime) -> None:
        self.number = number
        self.agent_id = agent_id
        self.free_since = now
        self.grant: Grant | None = None  # the last one it was given
        self.doing: Doing | None = None
        self._leaving = False
        self._cancelled = 0  # the attempt that was told to stop, begun or not
        self._inbox: queue.SimpleQueue[tuple[Grant, Ledger] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, name=f"agent-{number}", daemon=True)

    def __lt__(self, other: "Worker") -> bool:
        return self.number < other.number

    def give(self, grant: Grant, ledger: Ledger) -> None:
        self.grant = grant
        if not self.thread.is_alive():
            self.thread.start()
        self._inbox.put((grant, ledger))

    def cancel(self, attempt: int) -> None:
        """Tells this attempt to stop, now or as soon as it begins; what comes after it is not touched."""
        self._cancelled = attempt
        doing = self.doing
        if doing is not None and doing.lease.attempt == attempt:
            doing.job.stop(Stop.CANCEL)

    def holds(self, attempts: set[int]) -> set[int]:
        """Which of these attempts it has in hand."""
        doing, grant = self.doing, self.grant
        mine = {doing.lease.attempt if doing else 0, grant.lease.attempt if grant else 0}
        return mine & attempts

    def leave(self) -> None:
        """Hands back what it does now, begins nothing more, and ends."""
        self._leaving = True
        if doing := self.doing:
            doing.job.stop(Stop.RELEASE)
        self._inbox.put(None)

    def _work(self) -> None:
        while (order := self._inbox.get()) is not None:
            self._do(*order)

    def _do(self, grant: Grant, ledger: Ledger) -> None:
        until = ledger.steady() + IN_PLACE_SECONDS
        waiting = deque(grant.quick)
        in_place: Lease | None = None
        report = self._carry_out(grant.run_id, grant.lease, ledger)
        while waiting and not self._leaving and ledger.steady() < until:
            ledger.report_from(self, report, in_place=in_place)
            in_place = waiting.popleft()
            in_place.pick.available_at = report.at or ledger.clock()
            in_place.pick.started_at = ledger.clock()
            report = self._carry_out(grant.run_id, in_place, ledger)
        ledger.report_from(self, report, in_place=in_place, frees=True)

    def _carry_out(self, run_id: int, lease: Lease, ledger: Ledger) -> Report:
        def tell(progress: float | None, message: str | None) -> None:
            if lease.attempt:
                ledger.report_from(
                    self, Report(Said.BEAT, run_id, lease.attempt, lease.epoch, progress=progress, message=message)
                )

        try:
            job = job_for(run_id, lease)
            job.report = tell
            self.doing = Doing(run_id, lease, job, ledger.steady())
            if self._leaving:
                job.stop(Stop.RELEASE)
            if lease.attempt and self._cancelled == lease.attempt:
                job.stop(Stop.CANCEL)
            return carry_out(job, run_id, lease, ledger.clock)
        except BaseException as error:
            # Whatever an executor raises, the seat must not be lost with it.
            log.exception("attempt %s of run %s went wrong", lease.attempt, run_id)
            return Report(Said.FAIL, run_id, lease.attempt, lease.epoch, error=f"the worker failed: {error!r}"[:1_000])
        finally:
            self.doing = None
