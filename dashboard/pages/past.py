"""The run page at a moment of a run that has ended: what the address says as `at`, in seconds from its beginning."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from dashboard.pages import run_page
from dashboard.pages.rows import SubtaskRow
from dashboard.words import figures, reasons
from runs.engine import states
from runs.models import Agent, Attempt, Run, Subtask
from runs.reading import past, rested
from runs.reading.browse import named
from runs.reading.timeline import origin


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` after the beginning; `time` on the clock; `seq` of the last event by then."""

    seconds: float
    time: datetime
    seq: int

    @property
    def query(self) -> str:
        """As an address says it."""
        return f"at={self.seconds:g}"


# What is only said of a run that is over, and what is not kept of earlier moments.
UNKNOWN = "baseline_speedup overhead_seconds_per_subtask verdict".split()
# The same where what agents had done by then is not known.
UNKNOWN_WORK = "speedup efficiency_percent finished_work_seconds finished_work_known".split()


def wanted(request: HttpRequest, run: Run) -> Moment | None:
    """The moment asked for; None for the end, for a run that has not ended, and for what is no moment of it."""
    if run.finished_at is None:
        return None
    try:
        seconds = float(request.GET.get("at", ""))
    except ValueError:
        return None
    if not math.isfinite(seconds) or not 0 <= seconds < took(run):
        return None
    time = origin(run) + timedelta(seconds=seconds)
    return Moment(seconds, time, past.seq_at(run, time))


def took(run: Run) -> float:
    """Seconds from the beginning of a run to its end."""
    return (run.finished_at - origin(run)).total_seconds() if run.finished_at else 0.0


def context(request: HttpRequest, run: Run, now: datetime) -> dict[str, Any]:
    """Everything the templates `run/*.html` need: of the run as it is, or as it was at the moment asked for."""
    moment = wanted(request, run)
    settled = {"settled": run.finished_at is not None, "scrubber": scrubber(run, moment), "moment": moment}
    if moment is None:
        return run_page.context(run, now) | settled
    numbers = past.numbers(run, moment.seq, moment.time)
    done = past.done(run, moment.seq)
    was = run_then(run, numbers, done, moment)
    found = run_page.context(was, moment.time) | settled
    for unknown in UNKNOWN if done else [*UNKNOWN, *UNKNOWN_WORK]:
        found["progress"][unknown] = None
    if not done:
        found["progress"]["theoretical_speedup"] = found["progress"]["limits"]["work_span"]
        found |= {"limit": run_page.limit(was, found["progress"]), "beaten": ""}
    found |= {"now": now, "may_retry": False, "may_measure": False, "verdict": "", "busy": None}
    found |= {"at_work": numbers.agents, "failures": [], "waits": "why is not in the log", "run": was, "unended": 0}
    found["tabs"] = [_tab(tab, moment) for tab in found["tabs"]]
    return found | {"left": took(run) - moment.seconds, "took": took(run)}


def _tab(tab: run_page.Tab, moment: Moment) -> run_page.Tab:
    """It leads to the same moment; events are counted up to it."""
    count = moment.seq if tab.name == "events" else tab.count
    return replace(tab, href=f"{tab.href}?{moment.query}", count=count)


def run_then(run: Run, numbers: past.Numbers, done: past.Done | None, moment: Moment) -> Run:
    """The run with the numbers of then; it is not to be saved."""
    was = copy.copy(run)
    for name, count in numbers.by_status.items():
        setattr(was, name, count)
    held = any(since <= moment.time < until for since, until in past.pauses(run))
    was.status = states.Run.PAUSED if held else states.Run.RUNNING
    was.end_reason, was.finished_at, was.cancel_requested_at, was.paused_at = "", None, None, None
    was.paused_seconds = sum(
        max(0.0, (min(until, moment.time) - since).total_seconds()) for since, until in past.rests(run)
    )
    if run.person_seconds is not None:
        was.person_at, was.person_seconds = None, rested.seconds(rested.rests(run, moment.time), moment.time)
    was.questions = 0
    was.expected_ended, was.agents_active = numbers.expected_ended, numbers.agents
    was.retries, was.losses = numbers.retries, numbers.losses
    was.open_query = was.open_execute = 0
    was.baseline_seconds = None
    if done:
        was.overhead_count, was.work_done = done.completed, done.work_seconds
        was.usual_took, was.usual_work = done.usual_took, done.usual_seconds
    return was


# ---- the slider ----


def scrubber(run: Run, moment: Moment | None) -> dict[str, Any] | None:
    """What the slider shows; None for a run that has not ended, or took no time to speak of."""
    seconds = took(run)
    if run.finished_at is None or seconds < 0.1:
        return None
    step = 0.1 if seconds < 60 else 1
    last = math.ceil(seconds / step) * step
    at = moment.seconds if moment else last
    return {
        "last": f"{last:g}",
        "step": step,
        "at": f"{at:g}",
        "took": seconds,
        "words": figures.on_axis(min(at, seconds)),
    }


# ---- rows ----


def attempts(rows: Sequence[Attempt], moment: Moment) -> list[Attempt]:
    """As they were, of those that had begun. They are not to be saved."""
    return [_attempt(one, moment) for one in rows if one.leased_at <= moment.time]


def _attempt(attempt: Attempt, moment: Moment) -> Attempt:
    if attempt.finished_at is not None and attempt.finished_at <= moment.time:
        return attempt
    then = copy.copy(attempt)
    then.status, then.finished_at, then.error, then.warning = states.Attempt.RUNNING, None, "", ""
    return then


def rows(run: Run, subtasks: Sequence[Subtask], moment: Moment) -> list[SubtaskRow]:
    """Subtasks as they were, in two queries. What was waited for, and said on the way, is not known any more."""
    were = past.of_subtasks(run, moment.seq, [subtask.pk for subtask in subtasks])
    agents = named(Agent, [was.agent for was in were.values()], "name")
    return [_row(subtask, were[subtask.pk], agents, moment) for subtask in subtasks]


def _row(subtask: Subtask, was: past.Was, agents: dict[int, str], moment: Moment) -> SubtaskRow:
    then = copy.copy(subtask)
    then.status, then.attempts_used = was.status, was.epoch
    reason, time = "", figures.UNKNOWN
    if was.status in states.TERMINAL:
        reason = reasons.of(Run(), subtask, None, moment.time)
        if subtask.started_at and subtask.finished_at:
            time = figures.precise((subtask.finished_at - subtask.started_at).total_seconds())
    elif was.status == states.Status.IN_PROGRESS and was.since is not None:
        time = figures.passing((moment.time - was.since).total_seconds())
    agent = agents.get(was.agent or 0, "") if was.status != states.Status.PENDING else ""
    return SubtaskRow(then, agent, reason, time)
