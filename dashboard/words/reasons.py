"""Why a subtask is where it is, in words: what it waits for, how long it still takes, or how it ended.

Plain words are left for the template to escape; only what holds a link or a counter is markup already.
"""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.templatetags.abreast import left
from dashboard.words import ansi, figures
from runs.claims.waits import Waiting
from runs.engine import states
from runs.models import Run, Subtask
from todos.plan.claims import DATABASE, MEMORY

LONGEST_NAME = 80  # of what is claimed
LONGEST_ERROR = 300  # characters of an error in a row; all of it is in the drawer


def is_expected(subtask: Subtask) -> bool:
    """Whether anybody said how long it takes; else the planner's default is no expectation to be shown."""
    executor = subtask.executor or {}
    return subtask.estimated_seconds is not None or executor.get("name") == "simulate"


def of(run: Run, subtask: Subtask, waiting: Waiting | None, now: datetime) -> str:
    """The reason, as a phrase. Other subtasks in it are links."""
    if subtask.status == states.Status.PENDING:
        return _waits(run, waiting, now) if waiting else ""
    if subtask.status == states.Status.IN_PROGRESS:
        return _asks(waiting) if waiting else _goes_on(subtask, now)
    return _ended(subtask)


# ---- what it waits for ----


def _waits(run: Run, waiting: Waiting, now: datetime) -> str:
    detail = waiting.detail or {}
    if waiting.word == states.Wait.DEPENDENCY:
        return _needs(run, detail)
    if waiting.word == states.Wait.CAPACITY:
        return _line(run, detail)
    if waiting.word == states.Wait.RETRY:
        return _another_try(detail, now)
    if waiting.word == states.Wait.RESOURCE:
        return _claim(run, detail)
    if waiting.word == states.Wait.RATE_LIMIT:
        return _rate_limit(run, detail, now)
    if waiting.word == states.Wait.BARRIER:
        return f"phase {detail['phase']} to end"
    if waiting.word == states.Wait.PAUSED:
        return "the run is paused"
    if waiting.word == states.Wait.AGENT:
        if run.backend == "tracked":
            return "its agent has not begun"
        return "an outside agent: " + (
            "it is kept for one" if "kept" in detail["reason"] else "it has no executor of its own"
        )
    return (waiting.word or "").replace("_", " ")


def _needs(run: Run, detail: dict[str, Any]) -> SafeString:
    """ "needs imports.emails, in progress, and 3 more"."""
    shown = detail["needs"]
    if not shown:
        return format_html("needs {}", figures.plural(detail["more"], "other"))
    first = shown[0]
    more = detail["more"] + len(shown) - 1
    at_work = ", in progress" if first["status"] == states.Status.IN_PROGRESS else ""
    others = f"{',' if at_work else ''} and {more:,} more" if more else ""
    return format_html("needs {}{}{}", link(run.pk, first["key"]), at_work, others)


def _line(run: Run, detail: dict[str, Any]) -> str:
    """ "a free agent: all 4 busy, 2nd in line"."""
    place = f", {figures.place(detail['place'])}" if detail.get("place") else ""
    if run.status == states.Run.PENDING:
        return f"the run to start{place}"
    if detail.get("alone"):
        return f"its turn to run alone, with nothing beside it{place}"
    if pool := detail.get("pool"):
        return f"room in the pool {pool['name']}: {pool['limit']:,} at once"
    if run.agents_active >= run.max_agents:
        busy = "the only one is busy" if run.max_agents == 1 else f"all {run.max_agents:,} busy"
        return f"a free agent: {busy}{place}"
    return f"a free agent{place}"


def _another_try(detail: dict[str, Any], now: datetime) -> str:
    when = _in(detail["not_before"], now)
    return f"{'its last try, alone' if detail.get('last_try') else 'another try'}, {when}"


def _in(time: datetime, now: datetime) -> str:
    seconds = (time - now).total_seconds()
    return f"in {figures.rough(seconds)}" if seconds > 0 else "now"


def _rate_limit(run: Run, detail: dict[str, Any], now: datetime) -> str:
    """ "the rate limit of forge, in 4 s", "the rate limit of forge, after fetch"."""
    limit = f"the rate limit of {_named(detail)}"
    if detail["until"] is not None:
        return f"{limit}, {_in(detail['until'], now)}"
    return format_html("{}, after {}", limit, _behind(run, detail)) if detail["behind"] else limit


def _claim(run: Run, detail: dict[str, Any]) -> SafeString:
    """ "src/api/**, held by lint (agent-2) and 2 more", "5 connections of main, held by scan (agent-1)"."""
    if not detail["held_by"] and detail["behind"]:
        return format_html("{}, kept for {}, which goes first", _what(detail), _behind(run, detail))
    if not detail["held_by"]:
        return format_html("{}, held in a run of somebody else", _what(detail))
    first = detail["held_by"][0]
    elsewhere = f", run {first['run']}" if first["run"] != str(run.pk) else ""
    more = detail["more"] + len(detail["held_by"]) - 1
    others = f" and {more:,} more" if more else ""
    holder = link(int(first["run"]), first["subtask"])
    return format_html("{}, held by {} ({}{}){}", _what(detail), holder, first["agent"], elsewhere, others)


def _behind(run: Run, detail: dict[str, Any]) -> SafeString:
    """Who goes first, with its run where that is another one."""
    other = link(int(detail["behind_run"]), detail["behind"])
    return other if detail["behind_run"] == str(run.pk) else format_html("{} of run {}", other, detail["behind_run"])


def _what(detail: dict[str, Any]) -> str:
    if detail["kind"] == DATABASE:
        return f"{figures.plural(detail['amount'], 'connection')} of {_named(detail)}"
    if detail["kind"] == MEMORY:
        return f"{detail['amount']:,} MiB of {_named(detail)}"
    return _named(detail)


def _named(detail: dict[str, Any]) -> str:
    return _cut(ansi.plain(detail["name"]), LONGEST_NAME)


def link(run_id: int, key: str) -> SafeString:
    """A subtask by its key. The address is put together here: a key needs no escaping, and `reverse` costs more."""
    return format_html('<a class="key" href="/runs/{}/subtasks/{}/" data-drawer>{}</a>', run_id, key, key)


# ---- how it goes on, and how it ended ----


def _asks(waiting: Waiting) -> str:
    return _cut(ansi.plain(f"asks you: {(waiting.detail or {}).get('question', '')}"))


def _goes_on(subtask: Subtask, now: datetime) -> str:
    if subtask.cancel_requested_at is not None:
        return "asked to stop"
    said = ansi.plain(subtask.message.strip())
    if subtask.progress is not None:
        return ": ".join(filter(None, [figures.percent(subtask.progress), said]))
    if said:
        return said
    if subtask.started_at is None or not is_expected(subtask):
        return ""
    expected = subtask.expected_seconds
    until = subtask.started_at.timestamp() + expected
    return left(datetime.fromtimestamp(until, subtask.started_at.tzinfo), expected, now)


def _ended(subtask: Subtask) -> str:
    error = [ansi.plain(line) for line in subtask.error.strip().splitlines()[:1]]
    tries = subtask.attempts_used
    if subtask.status == states.Status.FAILED:
        many = figures.plural(tries, "try", "tries")
        return f"{_cut(error[0] if error else 'it failed')} · {many}"
    if subtask.status == states.Status.COMPLETED:
        if subtask.started_at is None:
            return "carried over from an earlier run"
        if tries > 1:
            return f"at the {figures.ordinal(tries)} try"
        return _cut(ansi.plain(subtask.message.strip()))
    return _cut(error[0]) if error else ""


def _cut(text: str, longest: int = LONGEST_ERROR) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
