"""The floor of ingestion and leasing: bare ASGI, and the fewest statements that keep the same promises.

A report: the token by its digest, the attempt by a guarded UPDATE, an event; one transaction, then the answer. There is
no run, no counter, no dependency, no check of what was sent.
"""

import hashlib
import json
import os
import sqlite3
from typing import Any

from psycopg_pool import AsyncConnectionPool

TABLES = (
    "CREATE TABLE token (digest TEXT PRIMARY KEY, owner INTEGER NOT NULL)",
    (
        "CREATE TABLE attempt (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, status TEXT NOT NULL, "
        "progress DOUBLE PRECISION)"
    ),
    "CREATE INDEX attempt_by_status ON attempt (status, id)",
    "CREATE TABLE event (seq {serial}, attempt INTEGER NOT NULL, kind TEXT NOT NULL, progress DOUBLE PRECISION)",
)
TOKEN = "SELECT owner FROM token WHERE digest = {}"
REPORT = "UPDATE attempt SET progress = {} WHERE id = {} AND epoch = {} AND status = 'running'"
LEASE = (
    "UPDATE attempt SET status = 'running', epoch = epoch + 1 WHERE id = "
    "(SELECT id FROM attempt WHERE status = 'pending' ORDER BY id LIMIT 1 {lock}) RETURNING id, epoch"
)
COMPLETE = "UPDATE attempt SET status = 'done' WHERE id = {} AND epoch = {} AND status = 'running'"
EVENT = "INSERT INTO event (attempt, kind, progress) VALUES ({}, {}, {})"


def _for(text: str, mark: str) -> str:
    return text.replace("{}", mark).replace("{lock}", "" if mark == "?" else "FOR UPDATE SKIP LOCKED")


class Lite:
    """SQLite, in the event loop: nothing is quicker than one writer that waits for nobody."""

    def __init__(self, path: str, synchronous: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")

    async def open(self) -> None:
        pass

    async def change(self, digest: str, text: str, events: list[tuple], rows: list[tuple]) -> list[tuple]:
        """What the last change gave back. Raises AssertionError when the token is nobody's."""
        run, found = self._connection.execute, []
        assert run(_for(TOKEN, "?"), (digest,)).fetchone()
        run("BEGIN IMMEDIATE")
        for row in rows:
            found = run(_for(text, "?"), row).fetchall()
        self._connection.executemany(_for(EVENT, "?"), events)
        run("COMMIT")
        return found


class Postgres:
    """PostgreSQL, with a pool of eight."""

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool(url, min_size=8, max_size=8, open=False)

    async def open(self) -> None:
        await self._pool.open(wait=True)

    async def change(self, digest: str, text: str, events: list[tuple], rows: list[tuple]) -> list[tuple]:
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(_for(TOKEN, "%s"), (digest,))
            assert await cursor.fetchone()
            await cursor.executemany(_for(text, "%s"), rows, returning="RETURNING" in text)
            found = await cursor.fetchall() if "RETURNING" in text else []
            await cursor.executemany(_for(EVENT, "%s"), events)
            return found


def _store() -> Lite | Postgres:
    url = os.environ.get("DATABASE_URL")
    return Postgres(url) if url else Lite(os.environ["FLOOR_FILE"], os.environ["FLOOR_SYNCHRONOUS"])


class Floor:
    """The application."""

    def __init__(self) -> None:
        self._store = _store()
        self._open = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._open:
            self._open = True
            await self._store.open()
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        bearer = next(value for name, value in scope["headers"] if name == b"authorization")
        digest = hashlib.sha256(bearer.removeprefix(b"Bearer ")).hexdigest()
        told = json.dumps(await self._answer(scope["path"], digest, json.loads(body))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    async def _answer(self, path: str, digest: str, sent: Any) -> Any:
        if path == "/leases":
            leased = await self._store.change(digest, LEASE, [(0, "leased", None)], [()])
            return {"leases": [{"attempt": number, "epoch": epoch} for number, epoch in leased]}
        if path == "/complete":
            events = [(sent["attempt"], "completed", None)]
            await self._store.change(digest, COMPLETE, events, [(sent["attempt"], sent["epoch"])])
            return {"status": "succeeded"}
        reports = sent["reports"]
        events = [(one["attempt"], "progress", one["progress"]) for one in reports]
        rows = [(one["progress"], one["attempt"], one["epoch"]) for one in reports]
        await self._store.change(digest, REPORT, events, rows)
        return {"results": [{"status": 200}] * len(reports)}


if os.environ.get("FLOOR"):  # else it is imported to be looked at
    application = Floor()
