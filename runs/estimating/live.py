"""Keeps the runs under way supplied with estimates of when they are over, beside everything else.

A thread of the orchestrator looks once a second which runs have changed, has the kept child estimate them, and stores
what it says: on the run's row, which nothing but the pages reads, and now and then as a checkpoint. No state follows
from either, so they go past the log and the ledger.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log2
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from runs import announce, queries
from runs.engine import states
from runs.estimating.kept import Child
from runs.models import Backend, Checkpoint, Run
from runs.orchestrating import load

SECONDS = 1.0
CONFIDENCE = 0.8
POINTS = 32  # checkpoints of a run at most; never less than half of them, once it has lasted so many seconds
SHARE = 10  # an estimate takes at most this part of the time
LONGEST = 10 * 365 * 86_400.0  # seconds: no clock need go further
IDLE_SECONDS = 300.0
PATIENCE_SECONDS = 5.0  # an estimate is made anew by then, changed or not: time has passed

SEEN = "pk status backend last_seq asking questions started_at eta_at".split()
TIMES = ("eta_at", "eta_low_at", "eta_high_at", "eta_confidence")
Ask = Callable[[int], dict[str, Any]]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Made:
    """The last estimate of a run: after which event, when by the steady clock, how long until the next, its point."""

    seq: int
    at: float
    pause: float
    patience: float
    point: int = -1


class Estimator:
    """`ask` estimates a run as it stands; `clock` is the wall's, `steady` counts seconds and is never set; `kept` is
    what it tells of its own load."""

    def __init__(
        self,
        ask: Ask,
        clock: Callable[[], datetime] = timezone.now,
        steady: Callable[[], float] = time.monotonic,
        kept: load.Estimates = load.ESTIMATES,
    ) -> None:
        self._ask, self._clock, self._steady, self._load = ask, clock, steady, kept
        self._made: dict[int, Made] = {}
        self._begun = False

    def turn(self) -> bool:
        """Estimates what is due; says whether any run is under way."""
        rows = list(Run.objects.filter(status__in=["running", "paused"]).order_by("pk").values(*SEEN))
        self._begin(rows)
        self._made = {row["pk"]: self._made[row["pk"]] for row in rows if row["pk"] in self._made}
        for row in rows:
            if why := unknowable(row):
                self._forget(row, why)
            elif self._due(row):
                self._estimate(row)
        self._load.asked_at = {number: made.at for number, made in self._made.items()}
        return any(not unknowable(row) for row in rows)

    def _begin(self, rows: list[dict[str, Any]]) -> None:
        """What was expected before this process was there does not hold: nothing went on meanwhile."""
        for row in rows if not self._begun else ():
            if row["eta_at"] is not None:
                self._write(row, dict.fromkeys(TIMES))
        self._begun = True

    def _due(self, row: dict[str, Any]) -> bool:
        """On every change, at most once a second; without one now and then, for time has passed."""
        if (self._clock() - row["started_at"]).total_seconds() < SECONDS:
            return False
        made = self._made.get(row["pk"])
        if made is None:
            return True
        since = self._steady() - made.at
        return since >= made.pause and (row["last_seq"] != made.seq or since >= made.patience)

    def _estimate(self, row: dict[str, Any]) -> None:
        at = self._steady()
        found = self._asked(row["pk"])
        pause = max(SECONDS, SHARE * found.get("took_seconds", 0.0))
        made = self._made.get(row["pk"])
        patience = min(PATIENCE_SECONDS, max(SECONDS, found.get("eta", 0.0) / 10))
        point = made.point if made else -1
        self._made[row["pk"]] = Made(row["last_seq"], at, pause, patience, point)
        if "why" in found:
            self._forget(row, found["why"])
        else:
            self._keep(row, found, datetime.fromisoformat(found["at"]))

    def _asked(self, run_id: int) -> dict[str, Any]:
        try:
            found = self._ask(run_id)
        except OSError:
            self._load.failed += 1
            raise
        self._load.seconds.add(found.get("took_seconds", 0.0))
        return found

    def _keep(self, row: dict[str, Any], found: dict[str, Any], now: datetime) -> None:
        times: dict[str, Any] = dict.fromkeys(TIMES)
        if not found["early"] and found["high"] < LONGEST:
            left = {f"eta{name}_at": found[key] for name, key in (("", "eta"), ("_low", "low"), ("_high", "high"))}
            times = {name: now + timedelta(seconds=seconds) for name, seconds in left.items()}
            times["eta_confidence"] = CONFIDENCE
        self._write(row, times)
        elapsed = (now - row["started_at"]).total_seconds()
        step = _step(elapsed)
        point = int(elapsed) // step * step
        if point > self._made[row["pk"]].point:
            self._made[row["pk"]].point = point
            _check(row["pk"], point, now, elapsed, found)
            _thin(row["pk"], step)

    def _forget(self, row: dict[str, Any], why: str) -> None:
        """Nothing is shown; and what waits for people is over when they like, so earlier estimates cannot be judged."""
        if row["eta_at"] is not None:
            self._write(row, dict.fromkeys(TIMES))
        if why in ("paused", "person") and (row["eta_at"] is not None or row["pk"] in self._made):
            Checkpoint.objects.filter(run=row["pk"]).update(judged=False)
            self._made.pop(row["pk"], None)

    def _write(self, row: dict[str, Any], times: dict[str, Any]) -> None:
        """These columns and no others; not once the run has ended."""
        if Run.objects.filter(pk=row["pk"], status__in=states.RUN_UNENDED).update(**times):
            announce.changed(row["pk"])


def unknowable(row: dict[str, Any]) -> str:
    """Why nobody can say when this run is over, as far as its row tells; "" where there may be an estimate."""
    if row["status"] == states.Run.PAUSED:
        return "paused"
    if row["asking"] or row["questions"]:
        return "person"
    if row["backend"] == Backend.TRACKED:
        return "reported"  # its agents add to it as they like
    return "" if row["started_at"] else "pending"


def _step(elapsed: float) -> int:
    """Seconds between two checkpoints of a run that has lasted so long."""
    return 1 << max(0, ceil(log2(max(1.0, elapsed) / POINTS)))


def _check(run_id: int, point: int, now: datetime, elapsed: float, found: dict[str, Any]) -> None:
    """After a restart the point may be there already."""
    row = queries.snapshots(Run.objects.filter(pk=run_id, status=states.Run.RUNNING), now)
    if not row:
        return
    numbers = {name: found[name] for name in ("eta", "low", "high", "plain_low", "plain_high", "known")}
    numbers |= {"shown": not found["early"], "speedup": row[0]["speedup"]}
    one = Checkpoint(run_id=run_id, point=point, elapsed=elapsed, **numbers)
    Checkpoint.objects.bulk_create([one], ignore_conflicts=True)


def _thin(run_id: int, step: int) -> None:
    """Takes away those between, now that the run has lasted longer."""
    made = Checkpoint.objects.filter(run=run_id).annotate(off=F("point") % step)
    if made.filter(off__gt=0).exists():
        made.filter(off__gt=0).delete()


class Live:
    """The thread, and its child."""

    def __init__(self) -> None:
        self._child = Child()
        self._estimator = Estimator(self._child.ask)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="estimator", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._child.close()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        busy_at = time.monotonic()
        try:
            while not self._ending.wait(SECONDS):
                if self._turn():
                    busy_at = time.monotonic()
                elif time.monotonic() - busy_at > IDLE_SECONDS:
                    self._child.rest()
        finally:
            self._child.rest()
            connection.close()

    def _turn(self) -> bool:
        try:
            return self._estimator.turn()
        except Exception as error:
            if not self._ending.is_set():
                logger.warning("runs could not be estimated: %s", error, exc_info=not isinstance(error, OSError))
            connection.close()  # it may be the connection that is broken
            return False
