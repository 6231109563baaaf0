"""When a run under way is over, in words: what is expected, the range around it, or why nobody can say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.words import figures
from runs.engine import states
from runs.models import Backend, Run, Subtask

SOON = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Done:
    """`words` is a dash where nothing is expected; then `note` says why, else what the range is worth."""

    words: str
    band: str
    note: str


def done(run: Run, progress: Mapping[str, Any]) -> Done:
    if run.outside and not run.in_progress:
        return Done(figures.UNKNOWN, "", "waits for an agent")
    seconds, low, high = (progress[name] for name in ("eta_seconds", "eta_low_seconds", "eta_high_seconds"))
    if seconds is None:
        return Done(figures.UNKNOWN, "", _why(run))
    note = f"right {progress['eta_confidence'] * 10:.0f} times in 10"
    if seconds < SOON:
        return Done("any moment", "", note)
    return Done(figures.done_in(seconds, low, high), figures.band(low, high, seconds), note)


def _why(run: Run) -> str:
    if run.status == states.Run.PAUSED:
        return "paused"
    if run.backend == Backend.TRACKED:
        return "as its agents report"
    if run.asking or run.questions or (run.approvals and _will_ask(run)):
        return "up to a person"
    if run.backend == Backend.EXTERNAL and not run.agents_active:
        return "no agent is at it"
    return "too early to tell"


def _will_ask(run: Run) -> bool:
    return Subtask.objects.filter(run=run.pk, status=states.Status.PENDING, executor__name="approval").exists()
