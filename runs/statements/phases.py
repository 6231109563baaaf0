"""The SQL of barriers: how far a phase is, and the beginning of the next."""

from runs.sql import Statement

PHASE = Statement(
    "",
    """
    SELECT EXISTS (SELECT 1 FROM runs_subtask WHERE run_id = %(run)s AND phase = %(phase)s AND status = 'pending')
           OR EXISTS (SELECT 1 FROM runs_subtask
                      WHERE run_id = %(run)s AND phase = %(phase)s AND status = 'in_progress'),
           EXISTS (SELECT 1 FROM runs_subtask WHERE run_id = %(run)s AND phase = %(phase)s
                   AND status IN ('completed', 'failed', 'cancelled', 'skipped'))
    """,
)

NEXT_PHASE = Statement(
    "", "SELECT MIN(phase) FROM runs_subtask WHERE run_id = %(run)s AND phase > %(phase)s AND status = 'pending'"
)

# A barrier counts as one more thing that a subtask waits for.
BEGIN_PHASE = Statement(
    "",
    """
    UPDATE runs_subtask SET unmet = unmet - 1, ready_at = CASE WHEN unmet = 1 THEN %(now)s ELSE ready_at END
    WHERE run_id = %(run)s AND phase = %(phase)s AND status = 'pending'
    RETURNING unmet, mode = 'external'
    """,
)
