"""An attempt and its subtask as a report finds them."""

from typing import Any

from runs import statements as sql
from runs.entry import Entry
from runs.reports import Found


def look_up(entry: Entry, attempts: set[int]) -> dict[int, Found]:
    rows = sql.ATTEMPTS([(number,) for number in attempts], run=entry.run_id)
    return {row[0]: Found(*row) for row in rows}


def note(entry: Entry, kind: str, found: Found, **more: Any) -> None:
    """An event about this attempt."""
    entry.note(kind, subtask=found.subtask, attempt=found.attempt, epoch=found.epoch, agent=found.agent, **more)
