"""A run as one HTML file that needs nothing else: to keep, to send, to print."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from dashboard.pages import insight_page, plan_pictures, run_page
from runs import queries
from runs.engine.waterfall import MICROSECONDS
from runs.insight import gained, history
from runs.insight.history import History
from runs.models import Agent, Run, Subtask
from runs.planning.answers import Planned


@dataclass(frozen=True, slots=True)
class Line:
    """A subtask in the table. Times are seconds; `began` counts from the start of the run."""

    key: str
    content: str
    status: str
    agent: str
    tries: int
    began: float | None
    took: float | None
    error: str


def page(run: Run, now: datetime) -> str:
    progress = queries.snapshot_of(run.pk, vars(run), now)
    found = history.read(run, now)
    figures = gained.of(run, found) if run.started_at else None
    drawn = plan_pictures.gantt(
        sorted(_bars(found), key=lambda bar: bar["start_seconds"]), _unwell(found), _wall(found)
    )
    context = {
        "run": run,
        "now": now,
        "progress": progress,
        "facts": insight_page.facts(run, progress, figures),
        "flow": figures.waterfall if figures else None,
        "steps": insight_page.steps(figures.waterfall) if figures else [],
        "summary": insight_page.summary(run, figures.waterfall, queries.rested(run, now)) if figures else "",
        "gantt": drawn,
        "lines": _lines(run, found),
        "limit": run_page.binding(run, progress),
        "ended": run.finished_at is not None,
    }
    return render_to_string("report/page.html", context)


def _wall(found: History) -> float:
    return found.length / MICROSECONDS


def _bars(found: History) -> Iterator[Planned]:
    """Attempts as the picture of a schedule wants them; agents are numbered from 1."""
    agents = sorted({one.agent for one in found.every_try() if not one.asked})
    numbers = {agent: at for at, agent in enumerate(agents, 1)}
    for row in found.rows:
        for one in found.tries.get(row.id, ()):
            if not one.asked:
                end = found.length if one.ended is None else one.ended
                start, finish = one.begun / MICROSECONDS, end / MICROSECONDS
                yield {"key": row.key, "agent": numbers[one.agent], "start_seconds": start, "finish_seconds": finish}


def _unwell(found: History) -> set[str]:
    return {row.key for row in found.rows if row.status == "failed"}


def _lines(run: Run, found: History) -> Iterator[Line]:
    agents = dict(Agent.objects.filter(pk__in={one.agent for one in found.every_try()}).values_list("pk", "name"))
    texts = Subtask.objects.filter(run=run.pk).order_by("position").values_list("pk", "content", "error")
    words = {number: (content, error) for number, content, error in texts.iterator()}
    for row in found.rows:
        last = found.tries[row.id][-1] if row.id in found.tries else None
        content, error = words.get(row.id, ("", ""))
        took = (last.ended - last.begun) / MICROSECONDS if last and last.ended is not None else None
        began = last.begun / MICROSECONDS if last else None
        agent = agents.get(last.agent, "") if last else ""
        yield Line(row.key, content, row.status, agent, row.epoch, began, took, error)
