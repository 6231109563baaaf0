"""The SQL of the sweep."""

from runs.sql import Statement

# Whoever waits for a person sends no heartbeats.
OVERDUE = Statement(
    "",
    """
    SELECT run_id, id, epoch, lease_expires_at, waits_for FROM runs_attempt
    WHERE status IN ('leased', 'running')
      AND ((lease_expires_at <= %(now)s AND waits_for = '') OR deadline_at <= %(now)s)
    """,
)

NEXT_END = Statement(
    "",
    """
    SELECT MIN(lease_expires_at) FROM runs_attempt
    WHERE status IN ('leased', 'running') AND lease_expires_at > %(now)s AND waits_for = ''
    """,
)

CANCEL_OVERDUE = Statement(
    "",
    """
    SELECT a.run_id, a.id, a.epoch, a.waits_for FROM runs_run r
    JOIN runs_subtask s ON s.run_id = r.id AND s.status = 'in_progress' AND s.cancel_requested_at IS NOT NULL
      AND (s.cancel_requested_at <= %(since)s OR s.waits_for = 'person')
    JOIN runs_attempt a ON a.subtask_id = s.id AND a.epoch = s.epoch AND a.status IN ('leased', 'running')
    WHERE r.status IN ('pending', 'running', 'paused') AND r.stopping > 0
    """,
)

TO_VISIT = Statement(
    "",
    """
    SELECT id FROM runs_run r
    WHERE status IN ('pending', 'running', 'paused')
      AND (status = 'pending' OR (pending + in_progress = 0 AND (open_until IS NULL OR open_until <= %(now)s
                                                                 OR cancel_requested_at IS NOT NULL))
           OR heard_at <= %(silent)s
           OR (status = 'running' AND pending - blocked - delayed - held_back - rate_limited - outside > 0)
           OR (status = 'running' AND barrier_until <= %(now)s)
           OR (delayed > 0 AND EXISTS (SELECT 1 FROM runs_subtask s WHERE +s.run_id = r.id AND s.status = 'pending'
                                       AND s.not_before IS NOT NULL AND s.not_before <= %(now)s))
           OR (held_back + rate_limited > 0 AND EXISTS (
               SELECT 1 FROM runs_subtask s WHERE +s.run_id = r.id AND s.waits_until IS NOT NULL
               AND s.waits_until <= %(now)s)))
    ORDER BY id
    """,
)

EXTEND_LEASES = Statement(
    "id bigint, expires timestamptz, deadline timestamptz, beat timestamptz",
    """
    UPDATE runs_attempt SET lease_expires_at = v.expires, deadline_at = v.deadline, last_beat_at = v.beat
    FROM {rows} WHERE runs_attempt.id = v.id AND status IN ('leased', 'running')
    """,
)

OPEN_LEASES = Statement(
    "",
    """
    SELECT a.id, a.lease_expires_at, a.deadline_at, a.last_beat_at, s.timeout_seconds FROM runs_attempt a
    JOIN runs_subtask s ON s.id = a.subtask_id
    WHERE a.status IN ('leased', 'running') AND a.lease_expires_at IS NOT NULL
    """,
)

RETRY_SOONER = Statement(
    "", "UPDATE runs_subtask SET not_before = %(latest)s WHERE status = 'pending' AND not_before > %(latest)s"
)

LOOK_SOONER = Statement("", "UPDATE runs_subtask SET waits_until = %(latest)s WHERE waits_until > %(latest)s")

TO_SHOW = Statement(
    "",
    """
    SELECT id, todo_id, last_seq FROM runs_run
    WHERE status IN ('pending', 'running', 'paused') AND todo_id IS NOT NULL
    """,
)

UNDER_WAY = Statement("", "SELECT id FROM runs_run WHERE status IN ('pending', 'running', 'paused') ORDER BY id")
