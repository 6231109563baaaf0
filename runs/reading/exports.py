"""Runs as files: CSV that no spreadsheet takes for formulas, a row a subtask, and JSON as the REST API words it."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any, Protocol

from pydantic_core import to_json

from runs.api.aggregates import aggregate_outs
from runs.api.shapes import run_out, subtask_outs
from runs.models import Run, Subtask

# What makes a spreadsheet read a cell as a formula, the full-width forms too. A quote before it makes it text; one
# that was there already gets another, so that reading the file back loses nothing.
FORMULA = tuple("=+-@\t\r\n\0＝＋－＠'")
# Spreadsheets skip these before they look at what a cell begins with.
SKIPPED = "\ufeff\u200b\u200c\u200d\u2060"
AT_ONCE = 200

COLUMNS = """
    run run_content run_status backend strategy key content status lane priority phase tries
    created_at ready_at started_at finished_at seconds error
""".split()


class File(Protocol):
    """An open file, or an answer that is being written."""

    def write(self, content: Any) -> Any: ...


def cell(value: Any) -> Any:
    """A value as it may stand in a CSV file: text that a spreadsheet would calculate gets a quote before it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        begins = value.strip(SKIPPED).lstrip(" \u00a0" + SKIPPED)
        return f"'{value}" if begins.startswith(FORMULA) or value.startswith(FORMULA) else value
    return value


def write_csv(runs: Iterable[Run], file: File) -> None:
    """All their subtasks, in order. RFC 4180, every text in quotes."""
    for chunk in csv_chunks(runs):
        file.write(chunk)


def csv_chunks(runs: Iterable[Run]) -> Iterator[str]:
    """The same, a few lines at a time."""
    yield _lines([COLUMNS])
    for run in runs:
        for subtasks in _few_by_few(run):
            yield _lines([cell(value) for value in _row(run, subtask)] for subtask in subtasks)


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    buffer = StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return buffer.getvalue()


def _row(run: Run, subtask: Subtask) -> Sequence[Any]:
    started, finished = subtask.started_at, subtask.finished_at
    return (
        *(run.pk, run.content, run.status, run.backend, run.strategy),
        *(subtask.key, subtask.content, subtask.status, subtask.lane, subtask.asked_priority, subtask.phase),
        *(subtask.attempts_used, subtask.created_at, subtask.ready_at, started, finished),
        (finished - started).total_seconds() if started and finished else None,
        subtask.error,
    )


def write_json(runs: Iterable[Run], file: File) -> None:
    """All of them, with their subtasks and attempts, exactly as they are."""
    file.write(b'{"runs": [')
    for number, run in enumerate(runs):
        file.write(b",\n" if number else b"\n")
        for chunk in json_chunks(run, run_out(run) | {"aggregates": aggregate_outs(run)}):
            file.write(chunk)
    file.write(b"\n]}\n")


def json_chunks(run: Run, head: Mapping[str, Any]) -> Iterator[bytes]:
    """An object: what `head` says of a run, and its `subtasks` with their attempts, a few at a time."""
    yield to_json(head, inf_nan_mode="null")[:-1] + b',"subtasks":['
    between = b"\n"
    for subtasks in _few_by_few(run):
        for subtask in subtask_outs(run, subtasks):
            yield between + to_json(subtask, inf_nan_mode="null")
            between = b",\n"
    yield b"]}"


def _few_by_few(run: Run) -> Iterator[list[Subtask]]:
    """The subtasks of a run in order, never many of them in memory."""
    after = -1
    while found := list(Subtask.objects.filter(run=run, position__gt=after).order_by("position")[:AT_ONCE]):
        yield found
        after = found[-1].position
