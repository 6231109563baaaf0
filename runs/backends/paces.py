"""How long subtasks take here, compared with what they would take alone: run by run, as their reports come in."""

from dataclasses import dataclass, field

from runs.engine.adaptive import SHORTEST_SECONDS, Step
from runs.reports import Report, Said

KEPT = 256  # of the last ones of a run


@dataclass(slots=True)
class Seen:
    """Of one run: actual / alone of what was begun since the last step, which it holds."""

    slowdowns: list[float] = field(default_factory=list)
    last: Step | None = None
    since: float = 0.0
    is_new: bool = False  # something was added since it was looked at


class Paces:
    """Written and read by the ledger's thread."""

    def __init__(self) -> None:
        self.runs: dict[int, Seen] = {}

    def note(self, report: Report) -> None:
        """A worker of ours has said how it went."""
        if report.said is not Said.COMPLETE or not report.worked_seconds or not report.started_at or not report.at:
            return
        took = (report.at - report.started_at).total_seconds()
        if took < SHORTEST_SECONDS:
            return
        seen = self.runs.setdefault(report.run, Seen())
        if report.started_at.timestamp() >= seen.since:
            seen.slowdowns.append(max(1.0, took / report.worked_seconds))
            del seen.slowdowns[:-KEPT]
            seen.is_new = True

    def stepped(self, run_id: int, step: Step, at: float) -> None:
        """From now on only what is begun later counts."""
        self.runs[run_id] = Seen(last=step, since=at)

    def forget(self, run_id: int) -> None:
        self.runs.pop(run_id, None)
