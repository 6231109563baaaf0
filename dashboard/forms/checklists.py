"""A pasted checklist, before anything is made of it: the todos it would make, or the line that is wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from todos.actions.planting import outline_of
from todos.decompose import checklist
from todos.problems import Invalid, Refused
from todos.wire.inputs import SubtaskIn

SHOWN = 200
MAX_TEXT = 500_000
POINTER = "/text"
REHEARSE = "simulate"
_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Planned:
    """A todo as it would be made. `depth` counts from 0."""

    content: str
    status: str
    seconds: float | None
    depth: int
    parent: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first todos of a checklist, how many there are, and how many of them are leaves and completed leaves."""

    rows: Sequence[Planned]
    total: int
    leaves: int
    completed: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a text, and the line it is wrong at; 0 for the whole."""

    detail: str
    line: int = 0
    text: str = ""


def parse(text: str, carried_out: str = "") -> list[SubtaskIn]:
    """The subtasks. Raises Invalid, with the line.

    `carried_out`: "simulate" lets each wait as long as it is estimated to take, a second where that is not said.
    """
    if len(text) > MAX_TEXT:
        raise Invalid.at(POINTER, f"more than {MAX_TEXT:,} characters")
    if "\0" in text:
        raise Invalid.at(POINTER, "text must not hold NUL")
    items = checklist.parse(text, limit=settings.RUN_MAX_SUBTASKS, pointer=POINTER)
    outline_of(items, pointer=POINTER)
    return [_carried_out(item) for item in items] if carried_out == REHEARSE else items


def _carried_out(item: SubtaskIn) -> SubtaskIn:
    if item.subtasks:
        return item.model_copy(update={"subtasks": [_carried_out(below) for below in item.subtasks]})
    seconds = item.estimated_seconds
    plain: dict[str, Any] = item.model_dump(exclude_unset=True)
    executor = {"name": REHEARSE, "seconds": 1.0 if seconds is None else min(seconds, 86_400.0)}
    return SubtaskIn.model_validate(plain | {"executor": executor})


def titled(content: str, items: list[SubtaskIn]) -> tuple[str, list[SubtaskIn]]:
    """Without a title of its own, a checklist that stands below one heading has that for a title."""
    if not content.strip() and len(items) == 1 and items[0].subtasks:
        return items[0].content, items[0].subtasks
    return content, items


def preview(items: Sequence[SubtaskIn]) -> Preview:
    rows: list[Planned] = []
    stack = [(item, 0) for item in reversed(items)]
    total = leaves = completed = 0
    while stack:
        item, depth = stack.pop()
        total += 1
        leaves += not item.subtasks
        completed += not item.subtasks and item.status == "completed"
        if len(rows) < SHOWN:
            status = "" if item.subtasks else item.status
            rows.append(Planned(item.content, status, item.estimated_seconds, depth, bool(item.subtasks)))
        stack.extend((below, depth + 1) for below in reversed(item.subtasks))
    return Preview(rows, total, leaves, completed)


def wrong(refused: Refused, text: str) -> Wrong:
    """Where in the text it is."""
    found = _LINE.match(refused.detail)
    if found is None:
        return Wrong(refused.detail)
    number = int(found[1])
    return Wrong(found[2], number, text.splitlines()[number - 1].strip()[:200])
