"""`manage.py web`: serves pages, API and sockets, and nothing else. Any number of them share one address."""

import fcntl
import os
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.module_loading import import_string

from dashboard.management.commands.up import ASGI
from dashboard.server import database, exposure, serving, static
from dashboard.server.stopping import Stopping
from runs.orchestrating import orchestrator


class Command(BaseCommand):
    help = "Serves without carrying anything out: for several processes on one PostgreSQL, beside `orchestrate`."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor == "sqlite":
            raise CommandError("several processes need PostgreSQL: set DATABASE_URL, or start `manage.py up`")
        stopping = Stopping()
        stopping.watch()
        try:
            self._serve(stopping)
        except KeyboardInterrupt:
            pass  # it was asked to stop while it started
        except (serving.CannotServe, OSError) as error:
            raise CommandError(str(error)) from error
        os._exit(0)

    def _serve(self, stopping: Stopping) -> None:
        listener = serving.bind(settings.BIND_HOST, settings.BIND_PORT, take_next=False, shared=True)
        with closing(listener):
            address = listener.getsockname()[0]
            if not exposure.is_local(address) and (dangers := exposure.dangers()):
                raise serving.CannotServe(f"other machines would reach it on {address}, and {', '.join(dangers)}")
            database.bring_up_to_date()
            with (settings.HOME / "static.lock").open("w") as one:
                fcntl.flock(one, fcntl.LOCK_EX)  # others may start at the same time
                if static.is_stale():
                    static.collect()
            stopping.hold()
            url = serving.url_of(settings.BIND_HOST, settings.BIND_PORT)
            with serving.remembered(settings.HOME, url):
                self.stdout.write(f"web: {url}")
                self.stdout.flush()
                orchestrator.attend()
                try:
                    serving.serve(settings.SERVER, import_string(ASGI), listener, stopping)
                finally:
                    orchestrator.stop()
