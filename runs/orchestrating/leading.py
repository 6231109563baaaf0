"""Who dispatches and sweeps, of all processes on one database: one leads, the others stand by.

Time only says when another may try; the epoch decides. Whoever takes over makes it one larger, and what the one before
still wants to write is refused, however late it wakes up.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from runs import sweep
from runs.backends.embedded import Embedded
from runs.backends.seat import Grant
from runs.engine.clocks import Watch
from runs.ledger import Ledger
from runs.models import Leader
from runs.orchestrating import broker
from runs.slips import Slip
from todos.problems import Busy

NAME = "sweep"
AGAIN_MOST = 1_000
PATIENCE_SECONDS = 3 * sweep.SECONDS

log = logging.getLogger(__name__)


class NotLeading(Busy):
    """Another process has taken over: what this one wants to write does not count."""


class Lead:
    """This process's claim to lead. `holder` is unlike that of any other process, `term`
    the epoch under which it leads."""

    def __init__(
        self,
        holder: str = "",
        clock: Callable[[], datetime] = timezone.now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = holder or f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}"
        self.clock, self.steady = clock, steady
        self.term = 0
        self._watch = Watch(sweep.SECONDS)
        self._patient_until = self._silent_since = float("-inf")
        self._seen: tuple[int, datetime] | None = None  # the epoch, and until when it was good

    def acquire(self) -> bool:
        """Takes over when nobody leads, or whoever did has been silent for too long: by the wall's clock, unless that
        was just set, or by the steady one of this process, whatever the wall's says."""
        now, tick = self.clock(), self.steady()
        Leader.objects.get_or_create(name=NAME, defaults={"holder": "", "epoch": 0, "expires_at": now})
        epoch, expires = Leader.objects.values_list("epoch", "expires_at").get(name=NAME)
        if not self._is_free((epoch, expires), now, tick):
            return False
        free = Leader.objects.filter(name=NAME, epoch=epoch, expires_at=expires)
        if not free.update(holder=self.holder, epoch=F("epoch") + 1, expires_at=self._until()):
            return False
        self.term = epoch + 1
        return True

    def _is_free(self, seen: tuple[int, datetime], now: datetime, tick: float) -> bool:
        away = self._watch.gap(tick, now) is not None
        self._watch.looked(tick, now)
        if away:  # whoever leads has time to say so once more
            self._patient_until = tick + PATIENCE_SECONDS
        if away or seen != self._seen:
            self._seen, self._silent_since = seen, tick
        if tick - self._silent_since >= settings.LEAD_SECONDS:
            return True
        return seen[1] <= now and tick >= self._patient_until

    def renew(self) -> bool:
        """False when another has taken over."""
        return bool(self._mine().update(expires_at=self._until()))

    def check(self) -> None:
        """In the transaction that writes. Raises NotLeading."""
        if not self._mine().exists():
            raise NotLeading("another process leads now")

    def release(self) -> None:
        """Another may take over at once."""
        self._mine().update(expires_at=self.clock())

    def _mine(self) -> Any:
        return Leader.objects.filter(name=NAME, holder=self.holder, epoch=self.term)

    def _until(self) -> datetime:
        return self.clock() + timedelta(seconds=settings.LEAD_SECONDS)


class LedLedger(Ledger):
    """The ledger of the process that leads. Every transaction first looks whether it still does."""

    def __init__(self, seats: Embedded, lead: Lead, **more: Any) -> None:
        super().__init__(seats, **more)
        self.lead = lead
        self.lost = threading.Event()
        self.on_lost: Callable[[], None] = lambda: None

    def _one_run(self, run_id: int, slips: list[Slip], now: datetime, stopping: list[int]) -> list[Grant]:
        self.lead.check()
        return super()._one_run(run_id, slips, now, stopping)

    def _sweep(self) -> None:
        if self.lost.is_set():
            return
        if not self.lead.renew():
            log.warning("another process leads now: this one stops")
            self._stopping = True
            self.lost.set()
            self.on_lost()
            return
        super()._sweep()
        if settings.CELERY_BROKER_URL:
            offer_again(self.clock())


def offer_again(now: datetime) -> None:
    """Has messages sent again for what lies in a queue that may have lost them."""
    broker.publisher.send_again([broker.Message(*row) for row in sweep.forgotten(now, AGAIN_MOST)])
