"""What the overview shows of one person's runs: those under way, what waits for that person, who works, what ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboard.pages import run_page
from dashboard.words.done import Done, done
from dashboard.words.sparkline import Sparkline
from runs import queries
from runs.estimating import record
from runs.models import Run
from runs.reading import activity, attention, browse

CARDS = 8
ENDED = 6
AGENTS = 24
WAITS = 12
FEW = 5  # runs: with so many one is still new here


@dataclass(frozen=True, slots=True)
class Card:
    """A run under way."""

    run: Run
    progress: dict[str, Any]
    bar: list[run_page.Part]
    waits: str
    sparkline: Sparkline | None
    agents: int
    done: Done


@dataclass(frozen=True, slots=True)
class Line:
    """A run in a list."""

    run: Run
    progress: dict[str, Any]
    verdict: str
    eta_error: float | None = None  # how far what was said of its end was off, in parts of its whole time
    waits: Sequence[tuple[str, str, str]] = ()  # what waits for a person: its status, in words, and where it is


def context(owner_id: int, now: datetime) -> dict[str, Any]:
    """Everything the templates `overview/*.html` need."""
    unended = activity.unended(owner_id)
    shown, rest = unended[:CARDS], unended[CARDS:]
    at_work = activity.at_work(shown, now)
    completions = activity.completions(shown)
    agents = activity.agents([run.pk for run in unended], AGENTS, now)
    ended = activity.ended_lately(owner_id, ENDED)
    total = browse.count_runs(owner_id, browse.RunFilter())
    waiting = attention.items(owner_id, now, attention.LOOKED_AT)
    return {
        "now": now,
        "cards": [_card(run, completions.get(run.pk, []), len(at_work[run.pk]), now) for run in shown],
        "unended": len(unended),
        "agents_busy": len(set().union(*at_work.values())) + sum(run.agents_active for run in rest),
        "at_work": set().union(*at_work.values()),
        "completed": sum(run.completed for run in unended),
        "total": sum(run.total for run in unended),
        "attention": waiting,
        "waits": attention.with_failures(waiting[:WAITS]),
        "agents": agents,
        "agents_lost": sum(agent.lost is not None for agent in agents),
        "ended_total": total - len(unended),
        "ended": ended_lines(ended, now),
        "runs": total,
        "is_new": total <= FEW,
    }


def _card(run: Run, completions: Sequence[datetime], agents: int, now: datetime) -> Card:
    progress = queries.snapshot_of(run.pk, vars(run), now)
    line = Sparkline.of(completions, now) if completions else None
    bar, waits = run_page.bar(progress), run_page.waits(progress["waiting"])
    return Card(run, progress, bar, waits, line, agents, done(run, progress))


def lines(found: Sequence[Run], now: datetime) -> list[Line]:
    """Runs as rows of a table."""
    rows = []
    for run in found:
        progress = queries.snapshot_of(run.pk, vars(run), now)
        rows.append(Line(run, progress, verdict(run, progress)))
    return rows


def ended_lines(found: Sequence[Run], now: datetime) -> list[Line]:
    """The same with what the estimates of each were worth."""
    records = record.by_run([run.pk for run in found])
    off = {number: made.error_percent / 100 for number, made in records.items()}
    return [replace(line, eta_error=off.get(line.run.pk)) for line in lines(found, now)]


def verdict(run: Run, progress: dict[str, Any]) -> str:
    """What is to be said of a run in a few words."""
    lost = [f"{number:,} {word}" for word in ("failed", "cancelled", "skipped") if (number := progress[word])]
    if lost:
        return ", ".join(lost)
    return run_page.verdict(run, progress)
