"""What subtasks do: they write into a book that they have begun, wait for an order, and end as it says.

Every backend carries out the same: as a function for `python` in a child process of a server or a Celery worker, or in
an agent: `python -m tests.conformance.work URL TOKEN` is one, as it is shipped.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runs.executors.calls import Task, registered
from runs.portable import attempt
from runs.portable.agent import Agent
from runs.portable.client import Client

JOBS = 4


def carry_out(key: str, folder: str, stopping: Callable[[], object] = lambda: False) -> dict[str, Any]:
    book, order = Path(folder) / "book", Path(folder) / key
    begun = _write(book, f"begin {key}")
    while not order.exists():
        if stopping():
            raise InterruptedError
        time.sleep(0.01)
    fails = json.loads(order.read_text())["fails"]
    _write(book, f"end {key}")
    if begun <= fails:
        raise ValueError(f"{key} went wrong")
    return {"of": key}


def _write(book: Path, line: str) -> int:
    """How often it stands there now."""
    with book.open("a+") as file:
        file.write(f"{line}\n")
        file.flush()
        file.seek(0)
        return file.read().splitlines().count(line)


@registered("conformance.work")
def call(task: Task, key: str, folder: str) -> dict[str, Any]:
    return carry_out(key, folder)


def _as_agent(one: attempt.Attempt) -> dict[str, Any]:
    one.usage = {"input_tokens": 80, "output_tokens": 20}
    return carry_out(**one.subtask["executor"]["arguments"], stopping=lambda: one.stopping)


def main() -> None:
    attempt.MARGIN_SECONDS = 0.5
    url, token, name = sys.argv[1:]
    Agent(Client(url, token), name, {"python": _as_agent}, jobs=JOBS).run()


if __name__ == "__main__":
    main()
