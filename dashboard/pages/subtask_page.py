"""What the drawer shows of one subtask."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import SafeString

from dashboard.pages import imports_picture, resources_page, rows, waits
from dashboard.words import ansi, figures
from runs import outputs
from runs.api.shapes import subtask_out
from runs.engine import states
from runs.models import Attempt, Run, Subtask, SubtaskDependency
from runs.reading import attention
from todos.plan.claims import API

SHOWN_ATTEMPTS = 20
SHOWN_LINKS = 12
TAIL_BYTES = 48 * 1024
TAIL_LINES = 200
LONGEST_RESULT = 20_000
LONGEST_RAW = 200_000


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
        "claims": claims(subtask),
        "spent": spent(attempts),
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
    return _visible(text, LONGEST_RESULT)


def raw(run: Run, subtask: Subtask) -> str:
    """All that the REST API says of it, as JSON."""
    text = json.dumps(subtask_out(run, subtask), indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return _visible(text, LONGEST_RAW)


def _visible(text: str, longest: int) -> str:
    shown = text if len(text) <= longest else f"{text[:longest]}\n…"
    return "\n".join(ansi.visible(line) for line in shown.split("\n"))


# ---- what it uses ----


@dataclass(frozen=True, slots=True)
class Claimed:
    """What it claims, in words, and how that stands."""

    kind: str
    what: str
    stands: str


def claims(subtask: Subtask) -> list[Claimed]:
    return [Claimed(one["kind"], resources_page.what(one), _stands(subtask, one)) for one in subtask.claims or []]


def _stands(subtask: Subtask, claim: dict[str, Any]) -> str:
    if subtask.status == states.Status.IN_PROGRESS:
        return "asked when it began" if claim["kind"] == API else "held now"
    if subtask.status in states.TERMINAL:
        return "given back" if subtask.started_at and claim["kind"] != API else ""
    waited = subtask.waits_claim or {}
    same = (waited.get("kind"), waited.get("name")) == (claim["kind"], claim["name"])
    return "it waits for this" if subtask.waits_for and same else "from its start to its end"


def spent(attempts: list[Attempt]) -> str:
    """Tokens and money of all tries that are shown: "12,300 tokens in, 2,100 out, $0.12"; "" where nobody counted."""
    taken, given = sum(one.input_tokens for one in attempts), sum(one.output_tokens for one in attempts)
    cost = sum(one.cost for one in attempts)
    words = [f"{figures.count(taken)} tokens in, {figures.count(given)} out"] if taken or given else []
    return ", ".join([*words, f"${cost:,.2f}"] if cost else words)


def one_line(executor: dict[str, Any] | None) -> str:
    """What it runs, in one line: its name, then what else is set."""
    if not executor:
        return ""
    rest = {name: value for name, value in executor.items() if name != "name"}
    words = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in rest.items()]
    return ansi.visible(" ".join([str(executor.get("name", "")), *words]))
