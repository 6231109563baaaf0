"""Leases for agents from outside, and whose turn it is among runs.

Where this process has a ledger, it gives the leases, in its transactions: so many agents cost one commit, and its own
workers are counted. Any other process gives them by itself.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime
from math import ceil
from threading import Lock

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from runs import delivering, journal, loop, orchestrator
from runs.engine import states
from runs.engine.modes import Mode
from runs.models import Agent, Backend, Run
from runs.outside import Wanted, serve
from runs.slips import Slip
from runs.transitions import Lease


class _Turns:
    """Which run was asked for work when: runs take turns."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._served: dict[int, int] = {}
        self._last = 0

    def order(self, runs: Iterable[tuple[int, int]]) -> list[int]:
        """Of these runs (id, attempts under way) those with the fewest first, then those served longest ago."""
        with self._lock:
            return [run for run, _ in sorted(runs, key=lambda one: (one[1], self._served.get(one[0], 0), one[0]))]

    def served(self, run: int) -> None:
        with self._lock:
            if len(self._served) > 10_000:
                self._served.clear()
            self._last += 1
            self._served[run] = self._last


turns = _Turns()


def lease(agent: Agent, owner_id: int, limit: int, run_id: int | None, since: datetime) -> list[tuple[int, Lease]]:
    """Leases up to `limit` subtasks for this agent, of this run or of all runs of its owner: (run, lease).

    Each run that has something gives an equal part, as far as it can. Raises Busy when the ledger is full.
    """
    found: list[tuple[int, Lease]] = []
    runs = turns.order(_with_work(owner_id, run_id).values_list("pk", F("open_query") + F("open_execute")))
    while runs and len(found) < limit:
        willing = []
        for at, run in enumerate(runs):
            share = ceil((limit - len(found)) / (len(runs) - at))
            given = _from_run(run, Wanted(agent, share, since)) if share else []
            found += [(run, one) for one in given]
            if given:
                turns.served(run)
            if share and len(given) == share:
                willing.append(run)
        runs = willing
    return found


def _with_work(owner_id: int, run_id: int | None) -> QuerySet[Run]:
    """Runs under way that may have something for agents from outside, and room for another attempt."""
    shared = Q(lanes__query__mode=Mode.HYBRID) | Q(lanes__execute__mode=Mode.HYBRID)
    runs = Run.objects.filter(Q(outside__gt=0) | shared, owner=owner_id, status__in=_UNDER_WAY)
    runs = runs.filter(max_agents__gt=F("open_query") + F("open_execute")).exclude(backend=Backend.TRACKED)
    return (runs if run_id is None else runs.filter(pk=run_id)).order_by()


_UNDER_WAY = (states.Run.PENDING, states.Run.RUNNING)


def _from_run(run_id: int, wanted: Wanted) -> list[Lease]:
    ledger = orchestrator.ledger()
    if ledger is not None:
        delivering.submit(ledger, [Slip(run_id, wanted=wanted, answer=Future())])
        return wanted.leases
    try:
        with transaction.atomic(), journal.of(run_id, timezone.now()) as entry:
            loop.run_pass(entry, None)
            serve(entry, [wanted], None)
    except journal.NoSuchRun:
        return []
    return wanted.leases
