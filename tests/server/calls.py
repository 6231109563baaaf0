"""What the servers under test may call by name."""

import secrets
import time
from typing import Any

from runs.executors.calls import Task, registered


@registered("test.book")
def book(task: Task, key: str, seconds: float) -> dict[str, Any]:
    """Writes into the book of its own that it begins and, some time later, that it ends."""
    name = secrets.token_hex(4)
    with (task.workspace / f"{key}.book").open("a") as file:
        file.write(f"begin {name}\n")
        file.flush()
        time.sleep(seconds)
        file.write(f"end {name}\n")
    return {"name": name}
