"""What the run page says about a run as a whole, for the page and for its frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard.pages import run_files
from dashboard.words import ansi, figures
from dashboard.words.done import done
from runs import queries
from runs.engine import limits, states
from runs.insight import spent
from runs.models import Run, RunAgent
from runs.reading import activity, attention, browse
from runs.steering import undoing
from todos.plan.claims import API

SHOWN_FAILURES = 5
SHOWN_QUESTIONS = 3
MOST_RESERVED = 8
LEAST_KNOWN = 0.005  # of the finished work: less is not told


def context(run: Run, now: datetime) -> dict[str, Any]:
    """Everything the templates `run/*.html` need but their rows."""
    progress = queries.snapshot_of(run.pk, vars(run), now)
    ended = run.finished_at is not None
    questions = attention.of_run(run, SHOWN_QUESTIONS)
    return {
        "run": run,
        "now": now,
        "socket": f"/ws/runs/{run.pk}/?format=html",
        "progress": progress,
        "ended": ended,
        "unended": run.pending + run.in_progress,
        "cancelling": run.cancel_requested_at is not None and not ended,
        "may_retry": ended and run.status != states.Run.COMPLETED and may_repeat(run),
        "tracked": run.backend == "tracked",
        "may_measure": may_measure(run),
        "may_undo": ended and undoing.left(run).exists() and not undoing.under_way(run),
        "done": None if ended else done(run, progress),
        "bar": bar(progress),
        "waits": waits(progress["waiting"]),
        "limit": limit(run, progress),
        "beaten": beaten(progress),
        "verdict": verdict(run, progress),
        "work_known": work_known(progress),
        "pace": pace(progress),
        "busy": busy(run, progress),
        "slowed": "" if ended else slowed(progress),
        "at_work": 0 if ended else len(activity.at_work([run], now)[run.pk]),
        "failures": browse.failed(run.pk, SHOWN_FAILURES) if run.failed else [],
        "questions": questions,
        "more_ask": 0 if ended else max(0, run.asking + run.questions - len(questions)),
        "tabs": tabs(run),
        "files": run_files.files(run),
    }


def timeline_rows(run: Run, ended: bool) -> int:
    """For how many agents the timeline keeps room from the start, so that it does not grow while somebody reads."""
    known = RunAgent.objects.filter(run=run.pk).count()
    return known if ended else max(known, min(run.max_agents, run.total, MOST_RESERVED))


# ---- tabs ----


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    title: str
    href: str
    count: int | None = None


def tabs(run: Run) -> list[Tab]:
    """The views of a run, in order."""
    return [
        Tab("timeline", "Timeline", reverse("run", args=[run.pk])),
        Tab("graph", "Graph", reverse("run-graph", args=[run.pk])),
        Tab("subtasks", "Subtasks", reverse("run-subtasks", args=[run.pk]), run.total),
        Tab("events", "Events", reverse("run-events", args=[run.pk]), run.last_seq),
        Tab("resources", "Resources", reverse("run-resources", args=[run.pk]), _waiting(run) or None),
        Tab("insight", "Insight", reverse("run-insight", args=[run.pk])),
    ]


def _waiting(run: Run) -> int:
    """How many wait for what they claim."""
    return run.held_back + run.rate_limited


# ---- the bar ----


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of a bar: where it starts and how wide it is, of 100."""

    kind: str
    start: float
    width: float


def bar(progress: dict[str, Any]) -> list[Part]:
    """The parts of the work. What has ended is known by work; within it, and for the rest, numbers decide."""
    ended = {
        "completed": progress["completed"],
        "failed": progress["failed"],
        "cancelled": progress["cancelled"] + progress["skipped"],
    }
    whole = 100 * progress["progress"]
    widths = _shares(ended, whole)
    rest = {"moving": progress["in_progress"], "pending": progress["pending"]}
    widths["moving"] = _shares(rest, 100 - whole)["moving"]
    parts, start = [], 0.0
    for kind in ("completed", "failed", "cancelled", "moving"):
        if widths[kind] > 0:
            parts.append(Part(kind, round(start, 2), round(widths[kind], 2)))
            start += widths[kind]
    return parts


def _shares(numbers: dict[str, int], whole: float) -> dict[str, float]:
    total = sum(numbers.values())
    return {kind: whole * number / total if total else 0.0 for kind, number in numbers.items()}


# ---- words ----

_WAITS = {
    states.Wait.CAPACITY: "for an agent",
    states.Wait.DEPENDENCY: "need others",
    states.Wait.RESOURCE: "for a lock",
    states.Wait.RATE_LIMIT: "for a rate limit",
    states.Wait.RETRY: "try again",
    states.Wait.PAUSED: "paused",
    states.Wait.BARRIER: "at a barrier",
    states.Wait.AGENT: "for an outside agent",
}


def waits(waiting: dict[str, int]) -> str:
    """Pending subtasks by what they wait for: "45 for an agent · 25 need others"."""
    return " · ".join(f"{number:,} {_WAITS[states.Wait(word)]}" for word, number in waiting.items())


def verdict(run: Run, progress: dict[str, Any]) -> str:
    """Whether it pays to do the run in parallel; nothing while it is held: that time is nobody's work."""
    return "" if run.status == states.Run.PAUSED else progress["verdict"] or ""


def work_known(progress: dict[str, Any]) -> str:
    """Where the seconds of finished work come from: "as measured", or what one agent took for the same before."""
    known = progress["finished_work_known"] or 0.0
    if known < LEAST_KNOWN:
        return "as measured"
    if known > 1 - LEAST_KNOWN:
        return "by what one agent took for the same before"
    return f"{figures.percent(known)} of it by what one agent took for the same before, the rest as measured"


def may_repeat(run: Run) -> bool:
    """Whether what it did can be done again, once it has ended."""
    return run.todo_id is not None and run.rollback_of_id is None and run.backend != "tracked"


def may_measure(run: Run) -> bool:
    """Whether a sequential run of the same would tell something that is not known yet."""
    alone = run.strategy == "sequential" or run.max_agents == 1 or run.total < 2 or run.backend == "tracked"
    done = run.status == states.Run.COMPLETED and run.completed == run.total
    return done and not alone and run.todo_id is not None and run.baseline_seconds is None


def limit(run: Run, progress: Mapping[str, Any]) -> str:
    """What keeps the run from being faster, by its plan. Empty where nothing is expected of it, and once it is known
    how long it took."""
    return "" if run.finished_at else binding(run, progress)


def beaten(progress: Mapping[str, Any]) -> str:
    """Why the limit is not that of the plan, where more was measured than that: the plan's is for all of the work, and
    some of it can do better; only when all was done the estimates were wrong."""
    planned, most = progress["limits"]["work_span"], progress["theoretical_speedup"]
    if planned is None or planned == most:
        return ""
    if progress["completed"] < progress["total"]:
        return f"the plan's {figures.times(planned)} is for all of the work"
    return f"more than the plan's {figures.times(planned)} was measured, so its estimates were wrong"


def binding(run: Run, progress: Mapping[str, Any]) -> str:
    """The same whether it has ended or not."""
    found = limits.limits(vars(run))
    if not found.work_span:
        return ""
    if beaten(progress) and progress["completed"] == progress["total"]:
        return f"limit: {figures.plural(run.max_agents, 'agent')}"
    agents = 1 if run.strategy == "sequential" else run.max_agents
    least, work = figures.duration(run.work_seconds / found.work_span), figures.duration(run.work_seconds)
    if found.resource:
        turns = "calls of" if found.resource["kind"] == API else "turns at"
        return f"limit: {turns} the {found.resource['kind']} {ansi.visible(found.resource['name'])}, {least}"
    if agents == 1:
        return f"limit: one agent for {work} of work"
    if found.binding == limits.BARRIERS:
        return f"limit: one phase after the other, {least}"
    if found.binding == limits.CRITICAL_PATH:
        return f"limit: the longest chain, {least}"
    return f"limit: {work} of work shared by {agents:,} agents"


def pace(progress: dict[str, Any]) -> str:
    """How many subtasks were completed in what time, so far: "33 a minute", "4 an hour"."""
    completed, elapsed = progress["completed"], progress["elapsed_seconds"]
    if not completed:
        return "none yet"
    if elapsed < 1:
        return "within a second"
    for seconds, word in ((60, "a minute"), (3600, "an hour")):
        if completed * seconds >= elapsed:
            return f"{round(completed * seconds / elapsed):,} {word}"
    return f"{max(1, round(completed * 86_400 / elapsed)):,} a day"


def slowed(progress: dict[str, Any]) -> str:
    """ "3 of 4 agents: they slow each other down (1.4x)."; nothing while the run has all the agents it asked for."""
    if progress["agents_allowed"] >= progress["max_agents"]:
        return ""
    factor = progress["agents_slowdown"]
    much = f" ({figures.times(factor)})" if factor else ""
    return f"{progress['agents_allowed']:,} of {progress['max_agents']:,} agents: they slow each other down{much}."


def busy(run: Run, progress: Mapping[str, Any]) -> float | None:
    """The share of the time so far in which the agents that could be at work were."""
    seconds = progress["elapsed_seconds"] * spent.seats(run)
    return min(1.0, progress["busy_seconds"] / seconds) if seconds >= 1 else None
