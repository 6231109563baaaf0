"""Who holds a subtask that waits, what holds that, and so on, until somebody who is at work."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.pages import rows
from dashboard.pages.rows import SubtaskRow
from runs import queries
from runs.claims import waits
from runs.engine import states
from runs.models import Run, Subtask

STEPS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A subtask that another one waits for; it may be in another run of the same owner."""

    run: Run
    row: SubtaskRow


def chain(run: Run, subtask: Subtask, now: datetime) -> list[Step]:
    """From what holds this one to what is at work, the first STEPS of them. Empty where nobody holds it."""
    found: list[tuple[Run, Subtask]] = []
    seen = {subtask.pk}
    holder = _holder(run, subtask)
    while holder is not None and holder.pk not in seen and len(found) < STEPS:
        seen.add(holder.pk)
        run = run if holder.run_id == run.pk else Run.objects.defer("result").get(pk=holder.run_id)
        found.append((run, holder))
        holder = _holder(run, holder)
    shown = {row.subtask.pk: row for run in {run for run, _ in found} for row in rows.of(run, _of(run, found), now)}
    return [Step(run, shown[holder.pk]) for run, holder in found]


def _of(run: Run, found: list[tuple[Run, Subtask]]) -> list[Subtask]:
    return [subtask for one, subtask in found if one == run]


def _holder(run: Run, subtask: Subtask) -> Subtask | None:
    """The first subtask that this one waits for; None when it does not, or when it is somebody else's."""
    if subtask.status != states.Status.PENDING:
        return None
    waiting = waits.of(run, [subtask]).get(subtask.pk)
    detail = (waiting and waiting.detail) or {}
    if needs := detail.get("needs"):
        return _named(run.pk, needs[0]["key"])
    if held_by := detail.get("held_by"):
        return _named(int(held_by[0]["run"]), held_by[0]["subtask"])
    if detail.get("behind"):
        return _named(int(detail["behind_run"]), detail["behind"])
    return None


def _named(run_id: int, key: str) -> Subtask | None:
    return queries.shown(run_id).filter(key=key).first()
