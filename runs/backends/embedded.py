"""Workers in the server's own process: a thread each, and child processes for what can hang.

The ledger's thread alone decides who is free and who gets what, so there is nothing to lock here: a worker's thread
only takes grants from its inbox and puts slips into the ledger.
"""

import heapq
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from runs.backends.paces import Paces
from runs.backends.seat import Doing, Grant, Ledger, Worker
from runs.backends.slots import Slots
from runs.leases import Lease
from runs.models import Agent
from runs.reports import Report, Said

SURFACE_SECONDS = 0.5  # in place for longer than this: the estimate was wrong, and it is shown as what it is


class Embedded:
    """The seats of this process. All of it is called by the ledger's thread, but for `stop`."""

    def __init__(self, max_workers: int | None = None) -> None:
        self.max_workers = max_workers or settings.EMBEDDED_MAX_WORKERS
        self.workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._line: dict[int, None] = {}  # runs that want more seats than there were, longest waiting first
        self._reserved: dict[int, Worker] = {}
        self._in_place: set[Worker] = set()  # workers with no open attempt that are still at it
        self._next_beat = 0.0
        self.slots = Slots()
        self.paces = Paces()

    # ---- seats for a pass ----

    def take(self, count: int, run_id: int, now: datetime) -> list[Worker]:
        """Up to `count` free workers, lowest numbers first; new ones are made while the limit allows.

        One is left for each run that waits in line before this one: no run takes every seat again and again.
        """
        ahead = list(self._line).index(run_id) if run_id in self._line else len(self._line)
        while len(self._idle) < count + ahead and len(self.workers) < self.max_workers:
            self._hire(now)
        return [heapq.heappop(self._idle) for _ in range(min(count, len(self._idle) - ahead))]

    def put_back(self, workers: Iterable[Worker]) -> None:
        for worker in workers:
            heapq.heappush(self._idle, worker)

    def wait_in_line(self, run_id: int, *, served: bool) -> None:
        """The run could use another seat. Who has been given some goes to the end."""
        if served:
            self._line.pop(run_id, None)
        self._line.setdefault(run_id)

    def leave_line(self, run_id: int) -> None:
        self._line.pop(run_id, None)
        self.slots.had_turn(run_id)

    def next_in_line(self) -> list[int]:
        """Runs for which there are seats now, or room in a pool: each should have a pass."""
        return list(self._line)[: len(self._idle)] + self.slots.called()

    # ---- what runs in place ----

    def working_in_place(self, run_id: int) -> Counter[str]:
        """Workers that are busy for this run without an open attempt, by lane; those at changes of which nobody knows
        what they claim count as `undeclared` too."""
        leases = [worker.grant.lease for worker in self._in_place if worker.grant and worker.grant.run_id == run_id]
        found = Counter(lease.pick.lane for lease in leases)
        found["undeclared"] = sum(lease.pick.lane == "execute" and not lease.declared for lease in leases)
        return found

    def reserved(self) -> set[int]:
        """Subtasks a worker has in hand that are pending in the database."""
        return set(self._reserved)

    def reserve(self, worker: Worker, leases: Iterable[Lease]) -> None:
        for lease in leases:
            self._reserved[lease.pick.subtask] = worker

    def reported(self, worker: Worker, *, ends: bool, frees: bool, now: datetime) -> None:
        """A worker's report has been carried out: it is free again, or goes on in place."""
        if frees:
            self._in_place.discard(worker)
            self._unreserve(worker)
            self.slots.free(worker.number)
            worker.free_since = now
            heapq.heappush(self._idle, worker)
        elif ends:
            self._in_place.add(worker)

    def to_surface(self, tick: float) -> list[tuple[Worker, Doing]]:
        """What runs in place for longer than was expected: it should have a lease, like everything that takes time."""
        return [(w, doing) for w, doing in self._slow(tick) if w in self._in_place and not doing.lease.attempt]

    def surfaced(self, worker: Worker) -> None:
        """What it does in place has a lease now."""
        self._in_place.discard(worker)

    def let_go(self, tick: float) -> set[int]:
        """Lets others have what is reserved behind something slow: its worker will not begin it any more.

        Gives the runs this is about.
        """
        holders = set(self._reserved.values())
        slow = [(worker, doing) for worker, doing in self._slow(tick) if worker in holders]
        for worker, _ in slow:
            self._unreserve(worker)
        return {doing.run_id for _, doing in slow}

    def _slow(self, tick: float) -> list[tuple[Worker, Doing]]:
        busy = [(worker, worker.doing) for worker in self.workers]
        return [(worker, doing) for worker, doing in busy if doing and tick - doing.started > SURFACE_SECONDS]

    def _unreserve(self, worker: Worker) -> None:
        self._reserved = {subtask: who for subtask, who in self._reserved.items() if who is not worker}

    # ---- a transaction that fails ----

    def snapshot(self) -> tuple:
        kept = list(self.workers), list(self._idle), dict(self._line), dict(self._reserved), set(self._in_place)
        return *kept, self.slots.copy()

    def restore(self, kept: tuple) -> None:
        """As it was before a transaction that was rolled back."""
        self.workers, self._idle, self._line, self._reserved, self._in_place, self.slots = kept

    def _hire(self, now: datetime) -> None:
        number = len(self.workers) + 1
        agent, _ = Agent.objects.get_or_create(name=f"agent-{number}", token=None, defaults={"kind": "embedded"})
        worker = Worker(number, agent.pk, now)
        self.workers.append(worker)
        heapq.heappush(self._idle, worker)

    # ---- work under way ----

    def hand_out(self, grants: list[Grant], ledger: Ledger) -> None:
        for grant in grants:
            try:
                grant.seat.give(grant, ledger)
            except RuntimeError as error:  # the system gives us no more threads
                failed = Report(Said.FAIL, grant.run_id, grant.lease.attempt, grant.lease.epoch, error=str(error))
                ledger.report_from(grant.seat, failed, frees=True)

    def stop_attempts(self, attempts: Iterable[int]) -> None:
        """Tells these to stop, if they run here."""
        wanted = set(attempts)
        for worker in self.workers if wanted else ():
            for attempt in worker.holds(wanted):
                worker.cancel(attempt)

    def beats(self, tick: float) -> list[Report]:
        """Heartbeats of all that runs here under a lease, when they are due."""
        if tick < self._next_beat:
            return []
        self._next_beat = tick + settings.HEARTBEAT_SECONDS
        busy = [worker.doing for worker in self.workers]
        return [Report(Said.BEAT, d.run_id, d.lease.attempt, d.lease.epoch) for d in busy if d and d.lease.attempt]

    def stop(self, patience_seconds: float = 10.0) -> None:
        """Hands all work back and ends the threads. The ledger must be paused, but still write that down."""
        for worker in self.workers:
            worker.leave()
        until = time.monotonic() + patience_seconds
        for worker in self.workers:
            if worker.thread.is_alive():
                worker.thread.join(max(0.0, until - time.monotonic()))
