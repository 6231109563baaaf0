"""`manage.py up`: one process that is everything: migrated database, login link, orchestrator, server."""

import os
import signal
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from dashboard.server import database, exposure, first_run, serving, static
from dashboard.server.stopping import Stopping
from runs import tokens
from runs.orchestrating import orchestrator
from runs.orchestrating.leading import Lead, LedLedger

ASGI = "dashboard.asgi.application"
PRINTED = "make run"  # the name of the token it prints
LOOK_SECONDS = 0.2  # at whether another process still leads

# SQLite 3.7.0 to 3.51.2 can damage a database when a checkpoint meets a write in a rare way. Writers take turns here
# and only the ledger checkpoints, which closes the gap for one process; a newer SQLite closes it for good.
SAFE_SQLITE = (3, 51, 3)


class Command(BaseCommand):
    help = "Starts everything in one process: http://127.0.0.1:8000, or the next free port."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = Stopping()
        stopping.watch()
        try:
            with ExitStack() as stack:
                if connection.vendor == "sqlite":
                    stack.enter_context(serving.home_lock(settings.HOME))
                    self._warn_of_old_sqlite()
                self._up(stopping)
        except KeyboardInterrupt:
            pass  # it was asked to stop while it started
        except (serving.CannotServe, OSError) as error:
            raise CommandError(str(error)) from error
        self._say("stopped")
        # Threads of requests that nobody hears any more would hold up the end by as long as they wait for something.
        os._exit(0)

    def _up(self, stopping: Stopping) -> None:
        explicit = bool(os.environ.get("PORT"))
        listener = serving.bind(settings.BIND_HOST, settings.BIND_PORT, take_next=not explicit)
        with closing(listener):
            self._refuse_danger(listener.getsockname()[0])
            port = listener.getsockname()[1]
            url = serving.url_of(settings.BIND_HOST, port)
            database.bring_up_to_date()
            database.tidy()
            if static.is_stale():
                static.collect()
            self._name_cookies(port, url)
            lead = self._to_lead()  # a signal still ends this wait
            settings.AGENT_URL = settings.AGENT_URL or url
            stopping.hold()
            _orchestrate(lead)
            try:
                self._serve(listener, url, stopping)
            finally:
                orchestrator.stop()
                database.tidy()

    def _to_lead(self) -> Lead | None:
        """On SQLite the lock of the home folder keeps others away; on PostgreSQL one process leads."""
        if connection.vendor == "sqlite":
            return None
        lead = Lead()
        if lead.acquire():
            return lead
        self._say(f"another process leads: waiting {settings.LEAD_SECONDS} s, in case it has died")
        until = time.monotonic() + settings.LEAD_SECONDS + 1
        while time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            if lead.acquire():
                return lead
        raise serving.CannotServe("another process orchestrates on this database: start `manage.py web` beside it")

    def _refuse_danger(self, address: str) -> None:
        if not exposure.is_local(address) and (dangers := exposure.dangers()):
            raise serving.CannotServe(f"other machines would reach it on {address}, and {', '.join(dangers)}")

    def _name_cookies(self, port: int, url: str) -> None:
        """Browsers send the cookies of one port to all others of a host: they are told apart by their names."""
        if port != settings.BIND_PORT:
            self._say(f"port {settings.BIND_PORT} is taken, so this is {url}")
            settings.SESSION_COOKIE_NAME = f"abreast_session_{port}"
            settings.CSRF_COOKIE_NAME = f"abreast_csrf_{port}"

    def _serve(self, listener: socket.socket, url: str, stopping: Stopping) -> None:
        owner = tokens.owner()
        with serving.remembered(settings.HOME, url):
            shown = settings.PUBLIC_URL or url
            tokens.revoke_unused(owner, PRINTED, timezone.now())  # else each start leaves one behind
            token = tokens.make(owner, PRINTED, scope="operator", commands=True)
            first_run.start_if_wanted(owner)
            self._say(f"Abreast is at {shown} — Ctrl-C stops it, and nothing is lost")
            self._say(f"token: {token}")
            # The last line: it is what stays in view, and what is to be clicked.
            self._say(f"login: {shown}/login/{tokens.make_login_link(owner, timezone.now())}/")
            # Imported only now: it takes the cookies' names from the settings as they are.
            serving.serve(settings.SERVER, import_string(ASGI), listener, stopping)

    def _warn_of_old_sqlite(self) -> None:
        if sqlite3.sqlite_version_info < SAFE_SQLITE:
            self.stderr.write(
                f"SQLite {sqlite3.sqlite_version} is older than {'.'.join(map(str, SAFE_SQLITE))}: "
                "let no other program write to its database meanwhile"
            )

    def _say(self, line: str) -> None:
        with suppress(OSError):  # whoever read this may be gone, which is no reason to stop
            self.stdout.write(line)
            self.stdout.flush()


def _orchestrate(lead: Lead | None) -> None:
    ledger = orchestrator.start(lead)
    if isinstance(ledger, LedLedger):
        ledger.on_lost = _stop_this_process


def _stop_this_process() -> None:
    """What it serves could not be written any more."""
    os.kill(os.getpid(), signal.SIGTERM)
