"""The SQL of ends, and of what follows for those that depend on it."""

from runs.sql import Statement

END_SUBTASKS = Statement(
    "id bigint, epoch integer, status text, at timestamptz, result jsonb, digest text, error text, again integer, "
    "not_before timestamptz, alone integer, back integer, started timestamptz",
    """
    UPDATE runs_subtask SET status = v.status, error = v.error, result = v.result, result_digest = v.digest,
           started_at = COALESCE(started_at, v.started),
           finished_at = CASE WHEN v.again = 1 THEN NULL ELSE v.at END,
           progress = CASE WHEN v.status = 'completed' THEN 1 ELSE NULL END,
           not_before = v.not_before,
           alone = CASE WHEN v.alone = 1 THEN %(true)s ELSE runs_subtask.alone END,
           last_try = CASE WHEN v.alone = 1 THEN %(true)s ELSE last_try END,
           ready_at = CASE WHEN v.again = 1 THEN COALESCE(v.not_before, v.at) ELSE ready_at END,
           attempts_used = attempts_used - v.back, waits_for = '', question = ''
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND runs_subtask.epoch = v.epoch
      AND runs_subtask.status || '' = 'in_progress'
    RETURNING runs_subtask.id, mode = 'external'
    """,
)

END_ATTEMPTS = Statement(
    "id bigint, epoch integer, status text, started timestamptz, at timestamptz, error text, warning text, "
    "partial jsonb, iterations integer, tokens_in bigint, tokens_out bigint, cost float8, "
    "bytes bigint, truncated integer, digest text, worked float8, asked float8",
    """
    UPDATE runs_attempt SET status = v.status, finished_at = v.at, worked_seconds = v.worked,
           asked_at = NULL, asked_seconds = v.asked,
           started_at = COALESCE(v.started, started_at),
           error = v.error, warning = v.warning, partial_result = v.partial, iterations = v.iterations,
           input_tokens = input_tokens + v.tokens_in, output_tokens = output_tokens + v.tokens_out,
           cost = runs_attempt.cost + v.cost, output_bytes = v.bytes,
           output_truncated = CASE WHEN v.truncated = 1 THEN %(true)s ELSE %(false)s END, output_digest = v.digest,
           waits_for = '', progress = CASE WHEN v.status = 'succeeded' THEN 1 ELSE runs_attempt.progress END
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND runs_attempt.status || '' IN ('leased', 'running')
    RETURNING runs_attempt.id
    """,
)

RELEASE_DEPENDANTS = Statement(
    "id bigint",
    """
    UPDATE runs_subtask SET unmet = unmet - d.met, ready_at = CASE WHEN unmet = d.met THEN %(now)s ELSE ready_at END
    FROM (SELECT after_id, COUNT(*) AS met FROM {rows} JOIN runs_subtaskdependency ON before_id = v.id
          GROUP BY after_id) AS d
    WHERE runs_subtask.id = d.after_id
    RETURNING runs_subtask.unmet, runs_subtask.status, mode = 'external'
    """,
)

SKIP_DEPENDANTS = Statement(
    "id bigint, reason text",
    """
    UPDATE runs_subtask SET status = 'skipped', finished_at = %(now)s, error = d.reason, not_before = NULL
    FROM (SELECT after_id, MIN(v.reason) AS reason FROM {rows} JOIN runs_subtaskdependency ON before_id = v.id
          GROUP BY after_id) AS d
    WHERE runs_subtask.id = d.after_id AND status || '' = 'pending' AND starts_when = 'success'
    RETURNING runs_subtask.id, key, unmet, expected_seconds, phase
    """,
)

# Those that start after other ends than good ones wait for nothing but an end.
RELEASE_CONDITIONAL = Statement(
    "id bigint",
    """
    UPDATE runs_subtask SET unmet = unmet - d.met, ready_at = CASE WHEN unmet = d.met THEN %(now)s ELSE ready_at END
    FROM (SELECT after_id, COUNT(*) AS met FROM {rows} JOIN runs_subtaskdependency ON before_id = v.id
          GROUP BY after_id) AS d
    WHERE runs_subtask.id = d.after_id AND starts_when <> 'success'
    RETURNING runs_subtask.unmet, runs_subtask.status, mode = 'external'
    """,
)

SKIP = Statement(
    "id bigint, reason text",
    """
    UPDATE runs_subtask SET status = 'skipped', finished_at = %(now)s, error = v.reason, not_before = NULL
    FROM {rows} WHERE runs_subtask.id = v.id AND status || '' = 'pending'
    RETURNING runs_subtask.id, key, unmet, expected_seconds, phase, mode = 'external'
    """,
)

FOR_FAILURES = Statement(
    "id bigint",
    """
    SELECT DISTINCT s.id FROM {rows} JOIN runs_subtaskdependency d ON d.before_id = v.id
    JOIN runs_subtask s ON s.id = d.after_id WHERE s.status = 'pending' AND s.starts_when = 'failed'
    """,
)

SKIP_UNNEEDED = Statement(
    "id bigint",
    """
    UPDATE runs_subtask SET status = 'skipped', finished_at = %(now)s, error = %(reason)s, not_before = NULL
    FROM {rows}
    WHERE runs_subtask.id = v.id AND status || '' = 'pending' AND starts_when = 'failed' AND NOT EXISTS (
        SELECT 1 FROM runs_subtaskdependency d JOIN runs_subtask b ON b.id = d.before_id
        WHERE d.after_id = runs_subtask.id AND b.status IN ('pending', 'in_progress', 'failed'))
    RETURNING runs_subtask.id, key, unmet, expected_seconds, phase, mode = 'external'
    """,
)

END_PENDING = Statement(
    "",
    """
    UPDATE runs_subtask SET status = %(status)s, finished_at = %(now)s, error = %(reason)s, not_before = NULL,
           waits_for = '', waits_key = '', waits_claim = NULL, waits_until = NULL, waits_since = NULL
    WHERE run_id = %(run)s AND status = 'pending'
    RETURNING id, key, unmet, expected_seconds, phase
    """,
)

END_ONE_PENDING = Statement(
    "",
    """
    UPDATE runs_subtask SET status = %(status)s, finished_at = %(now)s, error = %(reason)s, not_before = NULL,
           waits_for = '', waits_key = '', waits_claim = NULL, waits_until = NULL, waits_since = NULL
    WHERE run_id = %(run)s AND id = %(id)s AND status = 'pending'
    RETURNING id, key, unmet, expected_seconds, phase, mode = 'external'
    """,
)

BASELINE = Statement(
    "",
    """
    UPDATE runs_run SET baseline_seconds = %(seconds)s, updated_at = %(now)s
    WHERE id = %(run)s AND status = 'completed' AND completed = total
    """,
)

REQUEST_STOP = Statement(
    "",
    """
    UPDATE runs_subtask SET cancel_requested_at = %(now)s
    WHERE run_id = %(run)s AND status = 'in_progress' AND cancel_requested_at IS NULL
      AND (id = %(id)s OR %(all)s = 1 OR (%(asked)s = 1 AND waits_for = 'person'))
    RETURNING id
    """,
)

STOPPING = Statement(
    "",
    """
    SELECT a.id FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id AND s.epoch = a.epoch
    WHERE s.run_id = %(run)s AND s.status = 'in_progress' AND s.cancel_requested_at IS NOT NULL
      AND a.status IN ('leased', 'running')
    """,
)

UNDELAY = Statement(
    "",
    """
    UPDATE runs_subtask SET not_before = NULL
    WHERE +run_id = %(run)s AND status = 'pending' AND not_before IS NOT NULL AND not_before <= %(now)s
    RETURNING mode = 'external'
    """,
)

UNDELAY_ONE = Statement(
    "",
    """
    UPDATE runs_subtask SET not_before = NULL
    WHERE run_id = %(run)s AND id = %(id)s AND status = 'pending' AND not_before IS NOT NULL
    RETURNING mode = 'external'
    """,
)
