"""Stores many new rows at once.

PostgreSQL takes them as one stream (COPY): making statements of a run of 100,000 subtasks would take longer than all
that the database does with them.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

BATCH = 500  # rows in a statement, where there is no stream

_NUMBERS = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"


def store(rows: Sequence[models.Model]) -> None:
    """Stores new rows of one model, and gives each its number. Must be inside a transaction."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        _stream(rows)
    else:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)


def _stream(rows: Sequence[models.Model]) -> None:
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key and not field.generated]
    columns = ", ".join(f'"{name}"' for name in ["id", *(field.column for field in fields)])
    ways = [(field.attname, _way(field)) for field in fields]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, [table, len(rows)])
        numbers = [number for (number,) in cursor.fetchall()]
        with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
            for row, number in zip(rows, numbers, strict=True):
                row.pk = number
                copy.write_row([number, *(way(getattr(row, name)) for name, way in ways)])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _way(field: Any) -> Callable[[Any], Any]:
    """From a value to what the driver takes for it."""
    if isinstance(field, models.JSONField):
        return _json
    return _text if isinstance(field, models.CharField | models.TextField) else _as_it_is


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _text(value: Any) -> str | None:
    """A word of an enumeration goes in as the word it is."""
    return None if value is None else str(value)


def _as_it_is(value: Any) -> Any:
    return value
