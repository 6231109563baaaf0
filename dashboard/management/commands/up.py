"""`manage.py up`: one process that is everything: migrated database, login link, orchestrator, server."""

import os
import sqlite3
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from dashboard import first_run, serving, static
from runs import orchestrator, tokens

ASGI = "dashboard.asgi.application"

# SQLite 3.7.0 to 3.51.2 can damage a database when a checkpoint meets a write in a rare way. Writers take turns here
# and only the ledger checkpoints, which closes the gap for one process; a newer SQLite closes it for good.
SAFE_SQLITE = (3, 51, 3)


class Command(BaseCommand):
    help = "Starts everything in one process: http://127.0.0.1:8000, or the next free port."

    def handle(self, *args: Any, **options: Any) -> None:
        settings.HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with ExitStack() as stack:
                if connection.vendor == "sqlite":
                    stack.enter_context(serving.home_lock(settings.HOME))
                    self._warn_of_old_sqlite()
                self._up()
        except serving.CannotServe as error:
            raise CommandError(str(error)) from None

    def _up(self) -> None:
        explicit = "PORT" in os.environ
        listener = serving.bind(settings.BIND_HOST, settings.BIND_PORT, take_next=not explicit)
        url = serving.url_of(listener, settings.BIND_HOST)
        call_command("migrate", verbosity=0, interactive=False)
        if static.is_stale():
            call_command("collectstatic", verbosity=0, interactive=False)
        port = listener.getsockname()[1]
        if port != settings.BIND_PORT:
            self._say(f"port {settings.BIND_PORT} is taken, so this is {url}")
            settings.SESSION_COOKIE_NAME = f"abreast_session_{port}"
            settings.CSRF_COOKIE_NAME = f"abreast_csrf_{port}"
        owner = tokens.owner()
        serving.remember(settings.HOME, url)
        self._say(f"login: {url}/login/{tokens.make_login_link(owner, timezone.now())}/")
        self._say(f"token: {tokens.make(owner, 'make run', scope='operator', commands=True)}")
        orchestrator.start()
        try:
            first_run.start_if_wanted(owner)
            self._say(f"Abreast is at {url} — Ctrl-C stops it, and nothing is lost")
            # Imported only now: it takes the cookies' names from the settings as they are.
            serving.serve(settings.SERVER, import_string(ASGI), listener)
        finally:
            orchestrator.stop()
            listener.close()
        self._say("stopped")

    def _warn_of_old_sqlite(self) -> None:
        if sqlite3.sqlite_version_info < SAFE_SQLITE:
            self.stderr.write(
                f"SQLite {sqlite3.sqlite_version} is older than {'.'.join(map(str, SAFE_SQLITE))}: "
                "let no other program write to its database meanwhile"
            )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
