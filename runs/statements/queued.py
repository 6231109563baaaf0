"""The SQL of attempts that lie in a queue: taken up by a worker, or wanted by nobody any more."""

from runs.sql import Statement

# Whoever is first: the message may come twice, to two workers.
TAKE_UP = Statement(
    "id bigint, epoch integer, agent bigint, free timestamptz, deadline timestamptz",
    """
    UPDATE runs_attempt SET status = 'running', agent_id = v.agent, started_at = %(now)s, leased_at = %(now)s,
           last_beat_at = %(now)s, lease_expires_at = %(expires)s, deadline_at = v.deadline,
           available_at = CASE WHEN available_at < v.free THEN v.free ELSE available_at END
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status || '' = 'leased' AND token_id IS NULL
    RETURNING runs_attempt.id
    """,
)

QUEUED = Statement(
    "",
    """
    SELECT a.id, a.epoch FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id AND s.epoch = a.epoch
    WHERE s.run_id = %(run)s AND s.status = 'in_progress' AND a.status = 'leased' AND a.token_id IS NULL
      AND (%(all)s = 1 OR s.cancel_requested_at IS NOT NULL)
    """,
)

# An open attempt has no lease while nobody is at it.
FORGOTTEN = Statement(
    "",
    """
    SELECT a.id, a.epoch, s.lane, s.priority, s.timeout_seconds
    FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id
    WHERE a.status = 'leased' AND a.lease_expires_at IS NULL AND a.token_id IS NULL
      AND (a.leased_at <= %(before)s OR a.leased_at > %(now)s)
    ORDER BY s.priority, a.id LIMIT %(limit)s
    """,
)

UNWANTED = Statement(
    "id bigint, epoch integer",
    """
    SELECT v.id FROM {rows} JOIN runs_attempt a ON a.id = v.id JOIN runs_subtask s ON s.id = a.subtask_id
    WHERE a.status <> 'running' OR s.epoch <> v.epoch OR s.cancel_requested_at IS NOT NULL
    """,
)
