"""Callables that subtasks may call by name: `{"name": "python", "call": "explore.count", "arguments": {…}}`.

A module listed in `settings.PYTHON_CALLS` registers them:

    @registered("reports.total")
    def total(task: Task, column: str) -> dict[str, Any]:
        return {"total": sum(row[column] for row in task.inputs["rows"])}

They run in a child process without Django (`hand.py`), one call at a time; what they return is the subtask's result,
what they print its output. An exception fails the attempt, which may be tried again; `Unfit` says that this is no use.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

CALLS: dict[str, Callable[..., Any]] = {}

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Task:
    """What a callable is given besides its arguments: where the files are, and results of other subtasks by name."""

    workspace: Path
    inputs: dict[str, Any] = field(default_factory=dict)


class Unfit(Exception):
    """The arguments or the inputs cannot be worked with; another try would end the same way."""


def registered(name: str) -> Callable[[F], F]:
    """Makes a function callable by this name. Two functions of one name are a mistake, and refused."""

    def register(function: F) -> F:
        if CALLS.setdefault(name, function) is not function:
            raise ValueError(f"there are two calls named {name!r}")
        return function

    return register


def call(name: str, task: Task, arguments: dict[str, Any]) -> Any:
    """Calls the one of that name. Raises Unfit when there is none or the arguments are not its own."""
    if name not in CALLS:
        raise Unfit(f"there is no call {name!r}; known are {', '.join(sorted(CALLS)) or 'none'}")
    function = CALLS[name]
    try:
        inspect.signature(function).bind(task, **arguments)
    except TypeError as error:
        raise Unfit(f"the arguments do not fit {name}: {error}") from None
    return function(task, **arguments)
