"""The database at the start of a server: brought up to date, unless it is ahead of this code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from dashboard.server.serving import CannotServe


def bring_up_to_date() -> None:
    """Makes the tables that are missing. Raises CannotServe for a database of a newer version, and touches it not."""
    if unknown := _unknown():
        raise CannotServe(
            f"the database was made by a newer version of Abreast (it has {unknown[0]}): start that version, "
            "or name another home in ABREAST_HOME"
        )
    with _alone():
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _alone() -> Iterator[None]:
    """Processes that start together bring a PostgreSQL up to date one after the other."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7262)")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(7262)")


def tidy() -> None:
    """Moves the write-ahead log into the database file. Only while no ledger runs, who does it otherwise."""
    if connection.vendor == "sqlite":
        cast(Any, connection).checkpoint()


def _unknown() -> list[str]:
    """Migrations that were applied and are not in this code."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    known |= {old for migration in loader.disk_migrations.values() for old in migration.replaces}
    found = [(app, name) for app, name in loader.applied_migrations if app in loader.migrated_apps]
    return sorted(f"{app}.{name}" for app, name in found if (app, name) not in known)
