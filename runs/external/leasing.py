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
from django.utils import timezone

from runs import journal, loop
from runs.external import attempts, delivering
from runs.external.outside import serve
from runs.external.wanted import Seeker, Wanted
from runs.leases import Lease
from runs.models import Run
from runs.orchestrating import orchestrator
from runs.slips import Slip
from runs.sql import Statement


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


def lease(agent: Seeker, owner_id: int, limit: int, run_id: int | None, since: datetime) -> list[tuple[int, Lease]]:
    """Leases up to `limit` subtasks for this agent, of this run or of all runs of its owner: (run, lease).

    Each run that has something gives an equal part, as far as it can. Raises Busy when the ledger is full.
    """
    found: list[tuple[int, Lease]] = []
    runs = turns.order(with_work(owner_id, run_id))
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
    attempts.remember(_about(run, one, owner_id) for run, one in found)
    return found


def _about(run: int, one: Lease, owner_id: int) -> attempts.About:
    pick = one.pick
    return attempts.About(
        one.attempt, one.epoch, run, pick.subtask, pick.agent, pick.token, owner_id, one.verify is not None
    )


_owners: dict[int, int] = {}


def owns(owner_id: int, run_id: int) -> bool:
    """Whether there is this run, and it is hers. Who owns a run never changes."""
    if run_id not in _owners:
        found = Run.objects.filter(pk=run_id).values_list("owner_id", flat=True).first()
        if found is None:
            return False
        if len(_owners) > 10_000:
            _owners.clear()
        _owners[run_id] = found
    return _owners[run_id] == owner_id


def forget() -> None:
    """Who owns which run: for tests, whose database goes back to where it was."""
    _owners.clear()


_WITH_WORK = """
    SELECT id, open_query + open_execute FROM runs_run
    WHERE owner_id = %(owner)s AND status IN ('pending', 'running') AND backend <> 'tracked'
      AND max_agents > open_query + open_execute
      AND (outside > 0 OR lanes -> 'query' ->> 'mode' = 'hybrid' OR lanes -> 'execute' ->> 'mode' = 'hybrid')
"""
_OF_ALL, _OF_ONE = Statement("", _WITH_WORK), Statement("", f"{_WITH_WORK} AND id = %(run)s")


def with_work(owner_id: int, run_id: int | None) -> list[tuple]:
    """Runs under way that may have something for agents from outside, and room for another attempt: with the number of
    those under way."""
    return _OF_ALL(owner=owner_id) if run_id is None else _OF_ONE(owner=owner_id, run=run_id)


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
