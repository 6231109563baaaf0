"""What the Insight view of a run says: where its time went, step by step from the ideal, and what it gained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.pages import run_page
from dashboard.words import figures
from runs.engine.waterfall import Part, Waterfall
from runs.insight.gained import Gained
from runs.insight.told import eta_record
from runs.models import Checkpoint, Run

# What a part is called, and in a sentence what it means.
WORDS: Mapping[Part, tuple[str, str]] = {
    Part.WORK: ("Ideal", "the work that was done, shared by all agents"),
    Part.DEPENDENCY: ("Dependencies", "waiting for other subtasks, or at a barrier"),
    Part.RESOURCE: ("Taking turns", "waiting for a claim, for the lane, or to be alone"),
    Part.RATE_LIMIT: ("Rate limits", "waiting for the limiter of an API"),
    Part.RETRIES: ("Lost tries", "tries that failed, were lost or cancelled, and waiting for the next"),
    Part.AGENTS: ("Too few agents", "ready, and no agent came for it"),
    Part.TAIL: ("Nothing left", "no more subtasks to start while the last ones ended"),
    Part.OVERHEAD: ("Overhead", "handing out, and writing down what came of it"),
    Part.SLOWDOWN: ("Slowdown", "beyond what one agent alone takes for the same"),
    Part.PAUSED: ("Paused", "the run was held, and agents had nothing to do"),
    Part.PERSON: ("A person", "waiting for an answer"),
}
LEAST_SHARE = 0.0005  # of the time: what is less is not drawn, and named only with the rest


@dataclass(frozen=True, slots=True)
class Step:
    """One part: where it begins and how wide it is, of 1,000 for the whole time."""

    part: str
    name: str
    meaning: str
    seconds: float
    share: float
    x: float
    width: float


def steps(flow: Waterfall) -> list[Step]:
    """From the ideal on, each where the one before it ended; parts that took nothing are left out."""
    found, reached = [], 0.0
    whole = flow.wall_seconds or 1.0
    for part in Part:
        seconds = flow.seconds(part)
        if part is Part.WORK or seconds > 0:
            name, meaning = WORDS[part]
            width = max(1000 * seconds / whole, 2.0)
            x = min(1000 * reached / whole, 1000 - width)
            found.append(Step(part, name, meaning, seconds, seconds / whole, round(x, 1), round(width, 1)))
        reached += seconds
    return found


def summary(run: Run, flow: Waterfall, rested: float = 0.0, *, then: bool = False) -> str:
    """The picture in a sentence; `rested`: seconds in which nobody was to be at work, which the time of the run leaves
    out. `then`: up to a moment of its past."""
    ideal, wall = flow.seconds(Part.WORK), flow.wall_seconds
    so_far = "had taken" if then else "took" if run.finished_at else "has taken"
    agents = figures.plural(flow.seats, "agent")
    said = f"{agents}, at work all the time, would have needed {figures.duration(ideal)}; it {so_far} "
    said += figures.duration(wall)
    said += f", with {figures.duration(rested)} in which nobody was to work." if rested >= 1 else "."
    most = max((part for part in Part if part is not Part.WORK), key=flow.seconds)
    if flow.seconds(most) < LEAST_SHARE * wall:
        return said
    return f"{said} Most of the rest, {figures.duration(flow.seconds(most))}: {WORDS[most][1]}."


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure, how it came about (measured, estimated), and what it is."""

    name: str
    value: str
    how: str
    meaning: str


def facts(run: Run, progress: Mapping[str, Any], found: Gained | None) -> list[Fact]:
    """What parallel work gained, row by row; a dash for what cannot be known."""
    return [*_speedups(run, progress), *_costs(run, progress, found), _eta(run)]


def facts_then(progress: Mapping[str, Any], found: Gained | None, last: Checkpoint | None) -> list[Fact]:
    """What was known at a moment of the past. `last`: what the page had said by then, where no more is known."""
    said = (
        f"the page said so {figures.duration(last.elapsed)} after the beginning" if last else "nothing was said by then"
    )
    speedup, how = progress["speedup"], _work(progress)
    if speedup is None:
        speedup, how = last.speedup if last else None, said
    left = figures.done_in(last.eta, last.low, last.high) if last and last.shown else figures.UNKNOWN
    return [
        Fact("Speedup", figures.times(speedup), "estimated" if speedup else "", how),
        Fact("Expected to be left", left, "estimated" if last and last.shown else "", said),
        *_spread(found),
    ]


def _speedups(run: Run, progress: Mapping[str, Any]) -> list[Fact]:
    baseline = progress["baseline_speedup"]
    least = progress["limits"]["amdahl"]
    took = figures.duration(run.baseline_seconds)
    alone = f"one after the other it took {took}" if run.baseline_seconds else "no run one after the other to compare"
    return [
        Fact("Against a baseline", figures.times(baseline), "measured" if baseline else "", alone),
        Fact(
            "Speedup", figures.times(progress["speedup"]), "estimated" if progress["speedup"] else "", _work(progress)
        ),
        _at_most(run, progress),
        Fact("At least", figures.times(least), "by the plan" if least else "", _least_words(least)),
        Fact("Efficiency", percent(progress["efficiency_percent"]), "", "of the highest possible speedup"),
        Fact("Verdict", progress["verdict"] or figures.UNKNOWN, "", "after three finished subtasks"),
    ]


def _work(progress: Mapping[str, Any]) -> str:
    finished, elapsed = progress["finished_work_seconds"], progress["elapsed_seconds"]
    work = f"{figures.duration(finished)} of finished work in {figures.duration(elapsed)}"
    work += f", {run_page.work_known(dict(progress))}" if finished else ""
    if (waited := progress["person_seconds"] or 0.0) >= 1:
        work += f"; {figures.duration(waited)} of waiting for a person left out"
    return work


def _at_most(run: Run, progress: Mapping[str, Any]) -> Fact:
    limit, beaten = progress["theoretical_speedup"], run_page.beaten(progress)
    how = "" if limit is None else "by its agents" if beaten else "by the plan"
    return Fact("At most", figures.times(limit), how, beaten or run_page.binding(run, progress))


def _least_words(least: float | None) -> str:
    if least is None:
        return "known where nothing but dependencies keeps subtasks apart"
    return "if the estimates are right and no agent waits while something is ready"


def _costs(run: Run, progress: Mapping[str, Any], found: Gained | None) -> list[Fact]:
    busy = figures.percent(run_page.busy(run, progress))
    words = "utilisation: tries that failed are busy too, and no speedup"
    return [Fact("Agents busy", busy, "measured", words), *_spread(found)]


def _spread(found: Gained | None) -> list[Fact]:
    overhead, slow = (found.overhead, found.slowdown) if found else (None, None)
    median, p95 = (overhead.median, overhead.p95) if overhead else (None, None)
    return [
        Fact(
            "Overhead per subtask",
            figures.duration(median),
            "median" if overhead else "",
            f"95 % stay below {figures.duration(p95)}" if overhead else "nothing was completed yet",
        ),
        Fact(
            "Slowdown",
            figures.times(slow.ratio) if slow else figures.UNKNOWN,
            ("measured" if found and found.measured else "estimated") if slow else "",
            _slowdown_words(found),
        ),
    ]


def _eta(run: Run) -> Fact:
    """How far off what was expected of it turned out to be."""
    name = "Estimate off by"
    if run.finished_at is None:
        return Fact(name, figures.UNKNOWN, "", "known when the run has ended")
    found = eta_record([run.pk])
    if found is None or run.started_at is None:
        return Fact(name, figures.UNKNOWN, "", "no estimate of it was shown that the end could judge")
    off = found["error_percent"] / 100 * (run.finished_at - run.started_at).total_seconds()
    shown = found["checkpoints"]
    held = round(shown * found["coverage_percent"] / 100)
    right = f"{percent(found['error_percent'])} of the whole time, the middle of {figures.plural(shown, 'estimate')}; "
    right += f"the end lay within the range of {held:,} of them"
    return Fact(name, figures.duration(off), "measured", right)


def _slowdown_words(found: Gained | None) -> str:
    slow = found.slowdown if found else None
    if found is None or slow is None:
        return "known once a baseline was measured, or one agent alone has done such work"
    what = "the baseline" if found.measured else "earlier runs by one agent"
    of = f"median of {figures.plural(slow.compared, 'subtask')} against {what}"
    return f"agents slow each other down: {of}" if slow.slower else of


def percent(number: float | None) -> str:
    """Of a hundred, in words."""
    return figures.percent(None if number is None else number / 100)
