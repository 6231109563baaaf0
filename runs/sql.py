"""SQL by name: one statement for many rows, the same text on SQLite and PostgreSQL.

The rows come as one JSON parameter, so a statement's text never changes, and SQLite keeps it prepared. (PostgreSQL
plans it each time: a plan that is kept was made while the tables were small.) Every UPDATE names the states it may
start from, and RETURNING says which rows it won. `+run_id` and `status || ''` keep both databases from walking all rows
of a run or of a state where they are found one by one, by their numbers: without statistics, as in a new database or
after a large run was made, an index by run or by state is taken for the shorter way.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from pydantic_core import to_json

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """`columns` names and types what each row holds: `{rows}` in the text stands for a table of them, called v."""

    columns: str
    text: str

    def __call__(self, rows: Iterable[Sequence[Any]] | None = None, **values: Any) -> list[tuple]:
        """Runs it and gives what it returns. Times are passed and given back as `stamp` and `moment` have them.

        Raises ValueError for what no database could give back: numbers that are none, text that is no Unicode.
        """
        if rows is not None:
            rows = list(rows)
            values["row_count"] = len(rows)
            values["rows"] = _encoded(rows)
        with connection.cursor() as cursor:
            cursor.execute(_text(self, connection.vendor), values)
            return list(cursor.fetchall()) if _gives_rows(self.text) else []


def _encoded(rows: list[Sequence[Any]]) -> str:
    text = to_json(rows, inf_nan_mode="constants").decode()
    if "NaN" in text or "Infinity" in text:
        json_text(rows)  # raises ValueError, unless these are words in a text
    return text


@lru_cache(maxsize=256)
def _text(statement: Statement, vendor: str) -> str:
    parts = [column.strip().rsplit(" ", 1) for column in statement.columns.split(",") if column.strip()]
    if vendor == "sqlite":
        chosen = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, (name, _) in enumerate(parts))
        table = f"(SELECT {chosen} FROM json_each(%(rows)s)) AS v"
    else:
        chosen = ", ".join(f"(value->>{at})::{kind} AS {name}" for at, (name, kind) in enumerate(parts))
        # The limit tells the planner how few they are: it takes a hundred for granted, and reads whole tables for them.
        table = f"(SELECT {chosen} FROM json_array_elements(%(rows)s::json) LIMIT %(row_count)s)"
        return _once(statement.text, table).replace("{lock}", "FOR UPDATE")
    return statement.text.replace("{rows}", table).replace("{lock}", "")


@lru_cache(maxsize=256)
def _gives_rows(text: str) -> bool:
    return "RETURNING" in text or text.split(None, 1)[0] in ("SELECT", "WITH")


def _once(text: str, table: str) -> str:
    """PostgreSQL: the rows are read out of their JSON once, however often the plan goes over them."""
    if "{rows}" not in text or text.lstrip().startswith("WITH"):
        return text.replace("{rows}", f"{table} AS v")
    return f"WITH v AS MATERIALIZED {table}{text.replace('{rows}', 'v')}"


@lru_cache(maxsize=4096)
def stamp(time: datetime | None) -> str | None:
    """A time as the database stores it (SQLite keeps UTC without its name)."""
    if time is None:
        return None
    if connection.vendor == "sqlite":
        return str(time.astimezone(UTC).replace(tzinfo=None))
    return time.isoformat()


def moment(stored: Any) -> datetime | None:
    """The other way round; drivers give text or datetimes, with or without a zone."""
    if isinstance(stored, str):
        stored = datetime.fromisoformat(stored)
    if stored is not None and stored.tzinfo is None:
        return datetime.combine(stored, stored.time(), UTC)  # `replace` takes ten times as long
    return stored


def json_text(value: Any) -> str | None:
    return None if value is None else _ENCODER.encode(value)


def json_value(stored: Any) -> Any:
    """A JSON column as Python has it; drivers give its text."""
    return json.loads(stored) if isinstance(stored, str) else stored
