"""Who dispatches and sweeps, of all processes on one database: one leads, the others stand by.

Time only says when another may try; the epoch decides. Whoever takes over makes it one larger, and what the one before
still wants to write is refused, however late it wakes up.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from runs import loop, sweep
from runs.backends.embedded import Embedded
from runs.ledger import Ledger
from runs.models import Leader
from runs.orchestrating import broker
from runs.slips import Slip
from todos.problems import Busy

NAME = "sweep"
AGAIN_MOST = 1_000

log = logging.getLogger(__name__)


class NotLeading(Busy):
    """Another process has taken over: what this one wants to write does not count."""


class Lead:
    """This process's claim to lead. `holder` is unlike that of any other process, `term`
    the epoch under which it leads."""

    def __init__(self, holder: str = "", clock: Callable[[], datetime] = timezone.now) -> None:
        self.holder = holder or f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}"
        self.clock = clock
        self.term = 0

    def acquire(self) -> bool:
        """Takes over when nobody leads, or whoever did has been silent for too long."""
        now = self.clock()
        Leader.objects.get_or_create(name=NAME, defaults={"holder": "", "epoch": 0, "expires_at": now})
        free = Leader.objects.filter(name=NAME, expires_at__lte=now)
        if not free.update(holder=self.holder, epoch=F("epoch") + 1, expires_at=self._until()):
            return False
        self.term = Leader.objects.values_list("epoch", flat=True).get(name=NAME)
        return True

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

    def _one_run(self, run_id: int, slips: list[Slip], now: datetime, stopping: list[int]) -> list[loop.Grant]:
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
