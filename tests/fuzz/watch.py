"""Stands around the application and judges every answer by rules that no OpenAPI document can hold."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.server.guard import SAFE_METHODS

# What a refused request may write all the same: that a token was used, and the answer under its Idempotency-Key.
BESIDE = {"runs_token", "runs_idempotencykey"}

# A report gives its run a pass, which does what was due by the clock, refused or not: that is no change of its own.
LEFT_OUT: dict[str, object] = {"options": {}}  # read as this where a request has none
PASSING = re.compile(r"/api/v1/(attempts/\d+/\w+|runs/\d+/reports|progress)/")


class Changes:
    """Which tables were written to, by whatever connection: triggers note it, in the transaction of the change."""

    def __init__(self, database: Path) -> None:
        self.connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None, timeout=30)
        self.connection.execute("CREATE TABLE fuzz_changes (id INTEGER PRIMARY KEY, name TEXT)")
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in self.connection.execute(tables).fetchall():
            for verb in ("INSERT", "UPDATE", "DELETE"):
                if name != "fuzz_changes":
                    self._note(name, verb)
        self.seen = 0

    def _note(self, name: str, verb: str) -> None:
        self.connection.execute(
            f'CREATE TRIGGER "fuzz_{name}_{verb}" AFTER {verb} ON "{name}" '
            f"BEGIN INSERT INTO fuzz_changes (name) VALUES ('{name}'); END"
        )

    def new(self) -> set[str]:
        """The tables that were written to since the last time."""
        rows = self.connection.execute("SELECT id, name FROM fuzz_changes WHERE id > ?", (self.seen,)).fetchall()
        self.seen = max([self.seen, *(number for number, _ in rows)])
        return {name for _, name in rows}


@contextmanager
def changes(database: Path) -> Iterator[Changes]:
    found = Changes(database)
    try:
        yield found
    finally:
        found.connection.close()


@dataclass
class Seen:
    """One request and its answer."""

    method: str
    target: str
    request: bytes = b""
    status: int = 0
    answer: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.target} {self.request[:300]!r} -> {self.status} {self.answer[:300]!r}"


@dataclass
class Watched:
    """ASGI middleware. `statuses` counts the answers to who asks now, `breaches` are what must not be."""

    application: Callable[..., Any]
    changes: Changes
    strangers: bool = False
    statuses: Counter[int] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        query = scope["query_string"].decode("latin-1")
        seen = Seen(scope["method"], scope["path"] + (f"?{query}" if query else ""))

        async def hear() -> Any:
            message = await receive()
            seen.request += message.get("body", b"")
            return message

        async def say(message: Any) -> None:
            seen.status = message.get("status", seen.status)
            seen.answer += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.judge(seen)
            await send(message)

        await self.application(scope, hear, say)
        return None

    def judge(self, seen: Seen) -> None:
        self.statuses[seen.status] += 1
        for wrong in (self._changed(seen), self._unsaid(seen), self._let_in(seen)):
            if wrong:
                self.breaches.append(f"{wrong}: {seen}")

    def _changed(self, seen: Seen) -> str:
        written = self.changes.new() - BESIDE
        refused = (seen.status >= 400 and not PASSING.match(seen.target)) or seen.method in SAFE_METHODS
        return f"changed {sorted(written)}" if refused and written else ""

    def _unsaid(self, seen: Seen) -> str:
        """What is wrong with it, each with a place that is there, or that was looked for in one that is."""
        if seen.status != 422:
            return ""
        errors = json.loads(seen.answer)["errors"]
        if not errors:
            return "does not say where"
        lost = [one["pointer"] for one in errors if not _is_there(one["pointer"], seen.request)]
        return f"points to nothing, {lost}" if lost else ""

    def _let_in(self, seen: Seen) -> str:
        return "is no 401" if self.strangers and seen.status != 401 else ""


def _is_there(pointer: str, request: bytes) -> bool:
    if pointer.startswith(("/query/", "/headers/")):
        return True
    node = json.loads(request or b"{}")
    node = LEFT_OUT | node if isinstance(node, dict) else node
    for part in [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:-1]]:
        try:
            node = node[int(part)] if isinstance(node, list) else node[part]
        except (LookupError, TypeError, ValueError):
            return False
    return True
