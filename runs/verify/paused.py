"""I8, the time a run was paused with nobody at work: what is kept equals what the log says."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runs.engine import states
from runs.sql import moment
from runs.verify.base import Check, Scope, near, query

_ENDS = frozenset({"completed", "failed", "timed_out", "lost", "released", "cancelled"})


class _Walk:
    """Goes along the events of one run, and adds up the time in which it was paused and nothing was open."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._status, self._begun, self._open = "", False, 0
        self._since: datetime | None = None

    def step(self, kind: str, after: str, attempt: int | None, at: datetime) -> None:
        if kind.startswith("run_"):
            self._status = after
            self._begun = self._begun or after == states.Run.RUNNING
        elif attempt is not None:
            self._open += (kind == "leased") - (kind in _ENDS)
        self.until(at)
        rests = self._status == states.Run.PAUSED and self._begun and not self._open
        self._since = at if rests else None

    def until(self, at: datetime) -> None:
        if self._since is not None:
            self.seconds += max(0.0, (at - self._since).total_seconds())
            self._since = at


def _paused_as_logged(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT r.id, r.paused_seconds, r.paused_at, r.updated_at FROM runs_run r
        WHERE {scope.where("r.id")} AND r.trim_seq = 0 AND (r.paused_seconds <> 0 OR r.paused_at IS NOT NULL
          OR EXISTS (SELECT 1 FROM runs_event e WHERE e.run_id = r.id AND e.kind = 'run_paused'))
    """
    for run, seconds, paused_at, updated_at in query(text):
        until, since = moment(updated_at), moment(paused_at)
        kept = seconds + (max(0.0, (until - since).total_seconds()) if until and since else 0.0)
        found = _as_logged(run, until)
        if not near(kept, found):
            yield f"run {run} keeps {kept:.6f} paused seconds, and by its log there are {found:.6f}"


def _as_logged(run: int, until: datetime | None) -> float:
    walk = _Walk()
    events: Any = query(
        """
        SELECT e.kind, e.after, e.attempt_id, e.at FROM runs_event e WHERE e.run_id = %(run)s
          AND NOT EXISTS (SELECT 1 FROM runs_attempt a JOIN runs_agent g ON g.id = a.agent_id
                          WHERE a.id = e.attempt_id AND g.kind = 'person')
        ORDER BY e.seq
        """,
        {"run": run},
    )
    for kind, after, attempt, at in events:
        if (when := moment(at)) is not None:
            walk.step(kind, after, attempt, when)
    if until is not None:
        walk.until(until)
    return walk.seconds


CHECKS = [Check("I8", "the paused time that is kept of a run is that of its log", _paused_as_logged)]
