"""The SQL of a report: the attempt as it stands, its start, its heartbeats."""

from runs.sql import Statement

ATTEMPTS = Statement(
    "id bigint",
    """
    SELECT a.id, a.epoch, a.status, a.agent_id, a.available_at, a.started_at, a.leased_at, a.lease_expires_at,
           a.token_id, s.id, s.key, s.epoch, s.status, s.lane, s.alone, s.last_try, s.attempts_used, s.max_retries,
           s.timeout_seconds, s.expected_seconds, s.usual_seconds, s.result_digest, s.cancel_requested_at,
           s.claims IS NOT NULL, a.waits_for, s.question, a.asked_at, a.asked_seconds
    FROM {rows} JOIN runs_attempt a ON a.id = v.id JOIN runs_subtask s ON s.id = a.subtask_id
    WHERE +a.run_id = %(run)s
    """,
)

START_ATTEMPTS = Statement(
    "id bigint, epoch integer, at timestamptz, deadline timestamptz",
    """
    UPDATE runs_attempt SET status = 'running', started_at = v.at, deadline_at = v.deadline
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status || '' = 'leased'
    RETURNING runs_attempt.id
    """,
)

START_SUBTASKS = Statement(
    "id bigint, at timestamptz",
    """
    UPDATE runs_subtask SET started_at = COALESCE(started_at, v.at)
    FROM {rows} WHERE runs_subtask.id = v.id AND status || '' = 'in_progress'
    """,
)

RENEW = Statement(
    "id bigint, epoch integer, progress float8, message text",
    """
    UPDATE runs_attempt SET last_beat_at = %(now)s,
           lease_expires_at = CASE WHEN lease_expires_at < %(expires)s THEN %(expires)s ELSE lease_expires_at END,
           progress = COALESCE(v.progress, runs_attempt.progress), message = COALESCE(v.message, runs_attempt.message)
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status || '' IN ('leased', 'running')
    RETURNING runs_attempt.id
    """,
)

SENT = Statement(
    "agent bigint",
    """
    SELECT d.agent_id, c.id, c.command, c.priority, c.data, c.created_at
    FROM {rows} JOIN runs_delivery d ON d.agent_id = v.agent JOIN runs_command c ON c.id = d.command_id
    ORDER BY c.priority, c.id
    """,
)

ADD_USAGE = Statement(
    "id bigint, epoch integer, tokens_in bigint, tokens_out bigint, cost float8",
    """
    UPDATE runs_attempt SET input_tokens = input_tokens + v.tokens_in, output_tokens = output_tokens + v.tokens_out,
           cost = runs_attempt.cost + v.cost
    FROM {rows} WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status || '' IN ('leased', 'running')
    """,
)

# While a person thinks, the time of the attempt does not run out.
PUT_QUESTIONS = Statement(
    "id bigint, epoch integer, question text",
    """
    UPDATE runs_subtask SET question = v.question FROM {rows}
    WHERE runs_subtask.id = v.id AND runs_subtask.epoch = v.epoch AND status || '' = 'in_progress'
      AND runs_subtask.question = ''
    RETURNING runs_subtask.id
    """,
)

CLEAR_QUESTION = Statement(
    "",
    """
    UPDATE runs_subtask SET question = ''
    WHERE id = %(id)s AND run_id = %(run)s AND status = 'in_progress' AND question <> ''
    RETURNING epoch, timeout_seconds
    """,
)

SET_DEADLINES = Statement(
    "subtask bigint, epoch integer, deadline timestamptz",
    """
    UPDATE runs_attempt SET deadline_at = v.deadline FROM {rows}
    WHERE subtask_id = v.subtask AND runs_attempt.epoch = v.epoch AND status IN ('leased', 'running')
    RETURNING id, agent_id
    """,
)

# An attempt whose agent waits for a person is open, and not at work.
HOLD = Statement(
    "subtask bigint, epoch integer",
    """
    UPDATE runs_attempt SET asked_at = %(now)s FROM {rows}
    WHERE subtask_id = v.subtask AND runs_attempt.epoch = v.epoch AND status IN ('leased', 'running')
      AND asked_at IS NULL
    RETURNING id, agent_id, runs_attempt.epoch
    """,
)

HELD = Statement(
    "",
    """
    SELECT id, agent_id, epoch, asked_at, asked_seconds FROM runs_attempt
    WHERE subtask_id = %(id)s AND status IN ('leased', 'running') AND asked_at IS NOT NULL
    """,
)

GO_ON = Statement(
    "subtask bigint, epoch integer, waited float8",
    """
    UPDATE runs_attempt SET asked_at = NULL, asked_seconds = v.waited FROM {rows}
    WHERE subtask_id = v.subtask AND runs_attempt.epoch = v.epoch AND status IN ('leased', 'running')
      AND asked_at IS NOT NULL
    """,
)

SHOW_PROGRESS = Statement(
    "id bigint, epoch integer, progress float8, message text",
    """
    UPDATE runs_subtask SET progress = COALESCE(v.progress, runs_subtask.progress),
           message = COALESCE(v.message, runs_subtask.message)
    FROM {rows}
    WHERE runs_subtask.id = v.id AND runs_subtask.epoch = v.epoch AND status || '' = 'in_progress'
    """,
)
