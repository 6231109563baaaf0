"""The SQL of subtasks that are added to a run under way."""

from runs.sql import Statement

LENGTHEN = Statement(
    "id bigint, remaining float8",
    """
    UPDATE runs_subtask SET remaining_seconds = v.remaining
    FROM {rows} WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND status = 'pending' AND waits_for = ''
      AND remaining_seconds < v.remaining
    """,
)

# One that could begin has its inputs already.
AWAIT_MORE = Statement(
    "",
    """
    UPDATE runs_subtask SET unmet = unmet + %(more)s
    WHERE id = %(subtask)s AND run_id = %(run)s AND status = 'pending' AND unmet > 0
    """,
)

RANK = Statement("", "UPDATE runs_subtask SET aged = 0 WHERE run_id = %(run)s AND aged IS NULL")
