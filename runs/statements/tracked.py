"""The SQL of work that its agents report by themselves."""

from runs.sql import Statement

# Whoever reports has begun, whatever it should have waited for.
BEGIN_REPORTED = Statement(
    "",
    """
    UPDATE runs_subtask SET status = 'in_progress', epoch = epoch + 1, attempts_used = attempts_used + 1,
           progress = NULL, message = '', started_at = COALESCE(started_at, %(now)s)
    WHERE id = %(id)s AND run_id = %(run)s AND epoch = %(epoch)s AND status = 'pending'
    RETURNING epoch, unmet, lane, alone
    """,
)

ASK_ELSEWHERE = Statement(
    "",
    """
    UPDATE runs_subtask SET question = %(question)s WHERE id = %(id)s AND run_id = %(run)s AND status = 'in_progress'
    RETURNING id
    """,
)

# Usage is added to an attempt once, after its end: afterwards it has some.
BILL = Statement(
    "id bigint, epoch integer, tokens_in bigint, tokens_out bigint, cost float8",
    """
    UPDATE runs_attempt SET input_tokens = v.tokens_in, output_tokens = v.tokens_out, cost = v.cost
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND +run_id = %(run)s
      AND input_tokens = 0 AND output_tokens = 0 AND runs_attempt.cost = 0 AND status NOT IN ('leased', 'running')
    RETURNING runs_attempt.subtask_id, runs_attempt.agent_id
    """,
)

RENAME = Statement(
    "",
    """
    UPDATE runs_subtask SET content = %(content)s WHERE id = %(id)s AND run_id = %(run)s AND content <> %(content)s
    RETURNING id
    """,
)

MARK_REPORTED = Statement(
    "",
    "UPDATE runs_subtask SET reported = %(reported)s WHERE id = %(id)s AND run_id = %(run)s",
)

OPEN_REPORTED = Statement(
    "",
    """
    SELECT a.id, a.epoch FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id AND s.epoch = a.epoch
    WHERE s.run_id = %(run)s AND s.status = 'in_progress' AND a.status IN ('leased', 'running') ORDER BY a.id
    """,
)

LAST_END = Statement("", "SELECT MAX(finished_at) FROM runs_subtask WHERE run_id = %(run)s")
