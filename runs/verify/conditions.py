"""I16, of what runs after a failure only."""

from collections.abc import Iterator

from runs.transitions.unstarted import NOTHING_FAILED
from runs.verify.base import Check, Scope, query


def _for_failures(scope: Scope) -> Iterator[str]:
    """By the statuses as they stand: what has ended stays so. A run that stops early skips for reasons of its own."""
    text = f"""
        SELECT s.id, s.status FROM runs_subtask s
        WHERE {scope.where("s.run_id")} AND s.starts_when = 'failed'
          AND (s.epoch > 0 OR (s.status = 'skipped' AND s.error = %(reason)s))
          AND (s.epoch > 0) <> EXISTS (
              SELECT 1 FROM runs_subtaskdependency d JOIN runs_subtask b ON b.id = d.before_id
              WHERE d.after_id = s.id AND b.status = 'failed')
    """
    for number, status in query(text, {"reason": NOTHING_FAILED}):
        yield f"subtask {number} is for failures and {status}, which does not agree with what it waits for"


CHECKS = [Check("I16", "what is for failures starts after one, and is skipped only without one", _for_failures)]
