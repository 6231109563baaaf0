"""What the drawer shows of one subtask."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from dashboard import ansi, imports_picture, rows, waits
from runs import attention, outputs
from runs.engine import states
from runs.models import Attempt, Run, Subtask, SubtaskDependency

SHOWN_ATTEMPTS = 20
SHOWN_LINKS = 12
TAIL_BYTES = 48 * 1024
TAIL_LINES = 200
LONGEST_RESULT = 20_000


@dataclass(frozen=True, slots=True)
class Output:
    """The end of what an attempt printed."""

    epoch: int
    html: SafeString
    lines: int
    whole: bool
    size: int


@dataclass(frozen=True, slots=True)
class Link:
    key: str
    status: str


def context(run: Run, subtask: Subtask, now: datetime) -> dict[str, Any]:
    """Everything the template `run/drawer.html` needs."""
    attempts = list(Attempt.objects.filter(subtask=subtask).select_related("agent").order_by("-epoch")[:SHOWN_ATTEMPTS])
    needs = SubtaskDependency.objects.filter(after=subtask).order_by("before__position")
    needed_by = SubtaskDependency.objects.filter(before=subtask).order_by("after__position")
    ended = subtask.status in states.TERMINAL
    return {
        "run": run,
        "now": now,
        "subtask": subtask,
        "row": rows.of(run, [subtask], now)[0],
        "asked": attention.question(run, subtask),
        "holders": waits.chain(run, subtask, now),
        "attempts": attempts,
        "tries_allowed": (subtask.max_retries or 0) + (2 if subtask.max_retries else 1),
        "output": _output(run.pk, subtask.pk, attempts),
        "result": _result(subtask.result),
        "imports": imports_picture.of(subtask.result),
        "needs": [Link(*row) for row in needs.values_list("before__key", "before__status")[:SHOWN_LINKS]],
        "needs_count": needs.count(),
        "needed_by": [Link(*row) for row in needed_by.values_list("after__key", "after__status")[:SHOWN_LINKS]],
        "needed_by_count": needed_by.count(),
        "subtask_ended": ended,
        "may_cancel": not ended and run.finished_at is None and subtask.cancel_requested_at is None,
        "refresh": "" if ended else "every 1s" if subtask.status == states.Status.IN_PROGRESS else "abreast:stale",
        "executor": one_line(subtask.executor),
        "verify": one_line(subtask.verify),
    }


def _output(run_id: int, subtask_id: int, attempts: list[Attempt]) -> Output | None:
    """Of the latest attempt that printed anything."""
    for attempt in attempts:
        if data := outputs.tail(run_id, subtask_id, attempt.epoch, TAIL_BYTES):
            return _shown(attempt.epoch, data, outputs.size(run_id, subtask_id, attempt.epoch))
    return None


def _shown(epoch: int, data: bytes, size: int) -> Output:
    lines = data.decode("utf-8", "replace").removesuffix("\n").split("\n")
    whole = len(data) == size
    if not whole and len(lines) > 1:
        lines = lines[1:]  # it was cut somewhere in its middle
    shown = lines[-TAIL_LINES:]
    return Output(epoch, ansi.to_html("\n".join(shown)), len(shown), whole and len(shown) == len(lines), size)


def _result(result: Any) -> str:
    if result is None:
        return ""
    text = result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False)
    shown = text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]}\n…"
    return "\n".join(ansi.visible(line) for line in shown.split("\n"))


def one_line(executor: dict[str, Any] | None) -> str:
    """What it runs, in one line: its name, then what else is set."""
    if not executor:
        return ""
    rest = {name: value for name, value in executor.items() if name != "name"}
    words = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in rest.items()]
    return ansi.visible(" ".join([str(executor.get("name", "")), *words]))
