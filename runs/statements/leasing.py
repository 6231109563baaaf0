"""The SQL of a lease: what can start, and who takes it."""

from runs.sql import Statement

READY = Statement(
    "",
    """
    SELECT id, epoch, lane, alone, priority, remaining_seconds, position, timeout_seconds, expected_seconds, ready_at,
           claims IS NOT NULL, claims <> '[]', mode = 'hybrid', pool
    FROM runs_subtask
    WHERE run_id = %(run)s AND lane = %(lane)s AND status = 'pending' AND unmet = 0 AND not_before IS NULL
      AND waits_for = '' AND mode <> 'external'
    ORDER BY priority, remaining_seconds DESC, position
    LIMIT %(limit)s
    """,
)

# Of both lanes at once, as many of each.
READY_EITHER = Statement(
    "",
    "SELECT * FROM (lane_a) AS a UNION ALL SELECT * FROM (lane_b) AS b".replace(
        "lane_a", READY.text.replace("%(lane)s", "'query'")
    ).replace("lane_b", READY.text.replace("%(lane)s", "'execute'")),
)

# What one of these agents from outside may take: what is meant for nobody else, and what they say they can do, if they
# say so.
READY_OUTSIDE = Statement(
    "agent text, capability text",
    """
    SELECT s.id, epoch, lane, alone, priority, remaining_seconds, position, timeout_seconds, expected_seconds, ready_at,
           claims IS NOT NULL, claims <> '[]', mode = 'hybrid', pool,
           assigned_agent
    FROM runs_subtask s
    WHERE run_id = %(run)s AND lane = %(lane)s AND status = 'pending' AND unmet = 0 AND not_before IS NULL
      AND waits_for = '' AND mode <> 'internal'
      AND (assigned_agent = '' OR assigned_agent IN (SELECT v.agent FROM {rows}))
      AND (%(anything)s = 1 OR COALESCE(executor, 'null') = 'null'
           OR executor ->> 'name' IN (SELECT v.capability FROM {rows}))
    ORDER BY priority, remaining_seconds DESC, position
    LIMIT %(limit)s
    """,
)

# Whether something that only reads could start: of what is left to agents from outside, or of all.
READING = Statement(
    "",
    """
    SELECT EXISTS (SELECT 1 FROM runs_subtask
                   WHERE run_id = %(run)s AND lane = 'query' AND status = 'pending' AND unmet = 0
                     AND not_before IS NULL AND waits_for = '' AND (%(all)s = 1 OR mode = 'external'))
    """,
)

# The same but for those of these pools, which are full.
READY_ELSEWHERE = Statement(
    "pool text",
    READY.text.replace("AND mode <> 'external'", "AND mode <> 'external' AND pool NOT IN (SELECT v.pool FROM {rows})"),
)

READY_OF = Statement(
    "pool text",
    READY.text.replace("AND mode <> 'external'", "AND mode <> 'external' AND pool IN (SELECT v.pool FROM {rows})"),
)

SPECS = Statement(
    "id bigint",
    """
    SELECT runs_subtask.id, epoch, key, content, executor, inputs, verify, attempts_used, max_iterations,
           claims IS NOT NULL, mode
    FROM {rows} JOIN runs_subtask ON runs_subtask.id = v.id
    """,
)

# In RETURNING, SQLite (3.40) takes IS NOT NULL for true whatever the column holds.
LEASE_SUBTASKS = Statement(
    "id bigint, epoch integer, started timestamptz",
    """
    UPDATE runs_subtask SET status = 'in_progress', epoch = runs_subtask.epoch + 1, attempts_used = attempts_used + 1,
           progress = NULL, message = '', started_at = COALESCE(started_at, v.started), waits_since = NULL
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND runs_subtask.epoch = v.epoch
      AND status || '' = 'pending' AND unmet = 0 AND not_before IS NULL AND waits_for = ''
    RETURNING runs_subtask.id, runs_subtask.epoch, key, content, executor, inputs, verify, attempts_used,
              max_iterations, COALESCE(claims, 'null') <> 'null', runs_subtask.mode
    """,
)

TO_ASK = Statement(
    "",
    """
    SELECT id, epoch, timeout_seconds FROM runs_subtask
    WHERE run_id = %(run)s AND lane IN ('query', 'execute') AND status = 'pending' AND unmet = 0
      AND not_before IS NULL AND waits_for = '' AND executor ->> 'name' = 'approval'
    """,
)

ASK = Statement(
    "id bigint, epoch integer",
    """
    UPDATE runs_subtask SET status = 'in_progress', epoch = runs_subtask.epoch + 1, attempts_used = attempts_used + 1,
           progress = NULL, message = '', started_at = %(now)s, waits_for = 'person'
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND runs_subtask.epoch = v.epoch
      AND status || '' = 'pending' AND unmet = 0 AND not_before IS NULL AND waits_for = ''
    RETURNING runs_subtask.id, runs_subtask.epoch
    """,
)

LEASE_ATTEMPTS = Statement(
    "subtask bigint, epoch integer, agent bigint, token bigint, available timestamptz, deadline timestamptz, "
    "leased timestamptz, started timestamptz, status text",
    """
    INSERT INTO runs_attempt (run_id, subtask_id, epoch, agent_id, token_id, status, leased_at, last_beat_at,
           started_at, lease_expires_at, deadline_at, available_at, message, waits_for, iterations, error, warning,
           input_tokens, output_tokens, cost, output_bytes, output_truncated, output_digest, asked_seconds)
    SELECT %(run)s, v.subtask, v.epoch, v.agent, v.token, v.status, v.leased, %(now)s,
           v.started, %(expires)s, v.deadline, v.available, '', %(waits)s, 0, '', '', 0, 0, 0, 0, %(false)s, '', 0
    FROM {rows} WHERE true
    RETURNING id, subtask_id
    """,
)
