"""Looks after the pools each second: their limits as set, what they use, and who is to be narrower or wider."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from runs import journal
from runs.backends.embedded import Embedded
from runs.backends.meter import AtWork, Meter
from runs.claims import limits
from runs.engine.pools import POOLS, STEP_SECONDS, Seen, Step, Use, name_of, step
from runs.orchestrating import pools


class Pools:
    """What is kept from one look to the next."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._next_step = 0.0

    def look(self, seats: Embedded, tick: float, now: datetime) -> set[int]:
        """Gives the runs that should have a pass, for there is more room now. `tick`: as for the sweep."""
        slots = seats.slots
        asked, narrowed = limits.pools(), dict(slots.narrowed)
        slots.use = self._meter.read(_at_work(seats), tick) if slots.held else {}
        if tick >= self._next_step and (narrowed or _any_over(slots.use)):
            seen = _seen(seats, asked)
            for change in step(seen):
                self._next_step = tick + STEP_SECONDS
                _put(narrowed, asked, change)
                _note(seats, change, asked.get(change.pool), {pool.name: pool for pool in seen}, now)
        slots.set_limits(asked, narrowed)
        return set(slots.called())


def _at_work(seats: Embedded) -> list[AtWork]:
    held = seats.slots.held
    busy = [(worker, worker.doing) for worker in seats.workers if worker.number in held]
    return [AtWork(held[worker.number], doing.job, worker.thread.native_id or 0) for worker, doing in busy if doing]


def _runs_of(seats: Embedded, pool: str) -> set[int]:
    """Runs that have something of this pool under way."""
    held = seats.slots.held
    grants = [worker.grant for worker in seats.workers if name_of(held.get(worker.number, "")) == pool]
    return {grant.run_id for grant in grants if grant}


def _any_over(use: dict[str, Use]) -> bool:
    return any(Seen(pool, settings.POOL_SHARES[pool], found, 0, 0).over for pool, found in use.items())


def _seen(seats: Embedded, asked: dict[str, int]) -> list[Seen]:
    waiting = pools.waiting(0)
    running, held_to = seats.slots.running(), seats.slots.limits
    return [
        Seen(
            pool,
            settings.POOL_SHARES[pool],
            seats.slots.use.get(pool, Use()),
            running[pool],
            waiting.get(pool, 0),
            asked.get(pool),
            held_to.get(pool),
        )
        for pool in POOLS
    ]


def _put(narrowed: dict[str, int], asked: dict[str, int], change: Step) -> None:
    if change.limit is None or change.limit == asked.get(change.pool):
        narrowed.pop(change.pool, None)
    else:
        narrowed[change.pool] = change.limit


def _note(seats: Embedded, change: Step, asked: int | None, seen: dict[str, Seen], now: datetime) -> None:
    """Writes it down in each run that has something of the pool under way."""
    pool = seen[change.pool]
    data = {
        "pool": change.pool,
        "from": pool.limit,
        "to": change.limit,
        "asked": asked,
        "over": change.over,
        "share": dict(pool.share),
        "use": {"cpu": pool.use.cpu, "memory": pool.use.memory},
        "waiting": {name: other.waiting for name, other in seen.items() if other.waiting},
    }
    for run_id in _runs_of(seats, change.pool):
        try:
            with transaction.atomic(), journal.of(run_id, now) as entry:
                if not entry.ended:
                    entry.note(change.kind, topic="metrics", data=data)
        except journal.NoSuchRun:
            continue
