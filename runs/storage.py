"""The connection of a thread that writes all the time: when it is to be opened anew, and its write-ahead log."""

from typing import Any, cast

from django.db import DatabaseError, InterfaceError, OperationalError, connection

OUTAGES = (OperationalError, InterfaceError)  # the database's fault, not that of what was to be written


def reconnect_after(error: Exception) -> None:
    """It may be the connection that is broken."""
    if isinstance(error, DatabaseError | InterfaceError):
        connection.close()


def checkpoint() -> None:
    """Moves the write-ahead log into the database: by the ledger and nobody else (SQLite)."""
    if hasattr(connection, "checkpoint"):
        cast(Any, connection).checkpoint()
