"""`manage.py orchestrate`: dispatches, sweeps, carries out; it does not serve. Of any number, one leads."""

import logging
import os
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from dashboard.server import database
from dashboard.server.serving import CannotServe
from dashboard.server.stopping import Stopping
from runs import announce, garbage
from runs.orchestrating import orchestrator
from runs.orchestrating.leading import Lead, LedLedger

TRY_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Carries out runs, looks for what is overdue, offers again what was lost. Of several, one leads."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor == "sqlite":
            raise CommandError("several processes need PostgreSQL: set DATABASE_URL, or start `manage.py up`")
        self.over = threading.Event()
        stopping = Stopping()
        stopping.watch()
        try:
            database.bring_up_to_date()
        except CannotServe as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            os._exit(0)
        stopping.hold()
        stopping.tell(self.over.set)
        announce.herald.start()
        garbage.look_seldom()
        lead = Lead()
        while not self.over.is_set():
            self._try(lead)
        os._exit(0)

    def _try(self, lead: Lead) -> None:
        """Leads as long as it can; a database that is away is tried again."""
        try:
            if lead.acquire():
                self._lead(lead)
            else:
                self.over.wait(TRY_AGAIN_SECONDS)
        except (DatabaseError, InterfaceError) as error:
            log.warning("the database does not answer: %s", error)
            connection.close()
            self.over.wait(TRY_AGAIN_SECONDS)

    def _lead(self, lead: Lead) -> None:
        ledger = orchestrator.start(lead)
        assert isinstance(ledger, LedLedger)
        self.stdout.write(f"leading, epoch {lead.term}")
        self.stdout.flush()
        while not self.over.is_set() and not ledger.lost.wait(0.2):
            pass
        orchestrator.stop()
        lead.release()
        self.stdout.write("stopped leading")
        self.stdout.flush()
