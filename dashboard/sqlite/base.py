"""SQLite for a process of many threads: writers take turns, connections are kept.

Django's own backend, with two differences:

- Whoever writes takes the process's write lock first: a transaction before `BEGIN IMMEDIATE` until it ends, a single
  statement for itself, a checkpoint too. SQLite allows one writer anyway, but its waiters sleep and try again (up to
  100 ms a time); a lock wakes the next one at once.
- A closed connection goes to a pool. Under ASGI every request has a thread of its own, and opening SQLite with its
  pragmas costs more than most requests do.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

POOL_SIZE = 16
WAIT_SECONDS = 5.0  # for the write lock, where the settings name no timeout; SQLite's own default
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "VACUUM")

_write_lock = threading.Lock()
_pool: dict[tuple[int, str], list[sqlite3.Connection]] = {}
_pool_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module's docstring."""

    _held: "threading.Lock | None" = None  # the write lock, while this connection holds it

    @property
    def holds_write_lock(self) -> bool:
        return self._held is not None

    # ---- the pool ----

    def _pool_key(self) -> tuple[int, str]:
        # A child made by fork must not touch its parent's connections.
        return os.getpid(), str(self.settings_dict["NAME"])

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with _pool_lock:
            idle = _pool.get(self._pool_key())
            if idle:
                return idle.pop()
        return super().get_new_connection(conn_params)

    def _close(self) -> None:
        try:
            if not self._keep():
                super()._close()
        finally:
            self._let_go()

    def _keep(self) -> bool:
        """Puts the connection into the pool, unless it is in the middle of something; says whether it did."""
        if self.connection is None or self.in_atomic_block or self.connection.in_transaction:
            return False
        with _pool_lock:
            idle = _pool.setdefault(self._pool_key(), [])
            if len(idle) >= POOL_SIZE:
                return False
            idle.append(self.connection)
            return True

    # ---- the write lock ----

    def create_cursor(self, name: str | None = None) -> Any:
        if self.holds_write_lock:
            return super().create_cursor(name)
        return self.connection.cursor(factory=lambda connection: _Cursor(connection, self))

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database file, while nobody of this process writes."""
        with self.turn(), self.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds the write lock for what is done in the block, if it is not held already."""
        if self.holds_write_lock:
            yield
            return
        self._take()
        try:
            yield
        finally:
            self._let_go()

    def _start_transaction_under_autocommit(self) -> None:
        self._take()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._let_go()
            raise

    def _commit(self) -> None:
        super()._commit()
        self._let_go()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._let_go()

    def _take(self) -> None:
        lock = _write_lock
        if not lock.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", WAIT_SECONDS)):
            raise OperationalError("database is locked: another thread of this process writes for too long")
        self._held = lock

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()


class _Cursor(base.SQLiteCursorWrapper):
    """For what is done outside of transactions: a statement that writes takes its turn like they do."""

    def __init__(self, connection: sqlite3.Connection, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper

    def execute(self, query: str, params: Any = None) -> Any:
        if not query.lstrip()[:8].upper().startswith(_WRITES):
            return super().execute(query, params)
        with self._wrapper.turn():
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        with self._wrapper.turn():
            return super().executemany(query, param_list)


def forget_idle_connections() -> None:
    """Closes the idle connections of this process: before a database file is moved or deleted."""
    with _pool_lock:
        for idle in _pool.values():
            for connection in idle:
                connection.close()
        _pool.clear()


def _new_locks() -> None:
    """A child made by fork has none of the threads that hold its parent's locks."""
    global _write_lock, _pool_lock
    _write_lock, _pool_lock = threading.Lock(), threading.Lock()


os.register_at_fork(after_in_child=_new_locks)
