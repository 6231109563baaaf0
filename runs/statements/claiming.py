"""The SQL of claims: who holds what, who waits for what, and who comes back into line."""

from runs.sql import Statement

CLAIMS = Statement(
    "id bigint",
    """
    SELECT s.id, s.priority, s.remaining_seconds, s.position, s.claims, s.claims_group
    FROM {rows} JOIN runs_subtask s ON s.id = v.id
    WHERE s.claims IS NOT NULL AND s.claims <> '[]'
    """,
)

HOLDS = Statement("", "SELECT attempt_id, subtask_id, kind, name, mode, amount FROM runs_hold ORDER BY id")

RESOURCES = Statement(
    "kind text, name text",
    """
    SELECT r.kind, r.name, r.capacity, r.per_second, r.tokens, r.refilled_at
    FROM {rows} JOIN runs_resource r ON r.kind = v.kind AND r.name = v.name
    """,
)

QUEUE = Statement(
    "key text",
    """
    SELECT s.id, s.priority, s.remaining_seconds, s.position, s.waits_claim
    FROM {rows} JOIN runs_subtask s ON s.waits_key = v.key AND s.waits_for IN ('rate_limit', 'resource')
    JOIN runs_run r ON r.id = s.run_id
    WHERE r.status = 'running'
    """,
)

# Those who have waited for their claims for too long and could start if they had them. One that is back in line counts
# while workers of ours may take it; whether an outside agent ever comes, nobody knows.
STARVING = Statement(
    "",
    """
    SELECT s.id, s.priority, s.remaining_seconds, s.position, s.claims, s.claims_group
    FROM runs_subtask s JOIN runs_run r ON r.id = s.run_id
    WHERE s.waits_since IS NOT NULL AND NOT s.waits_key = 'twin' AND s.waits_since <= %(since)s
      AND s.status = 'pending' AND s.unmet = 0
      AND s.not_before IS NULL AND (s.waits_for = 'resource' OR (s.waits_for = '' AND s.mode <> 'external'))
      AND r.status = 'running' AND r.open_query + r.open_execute < r.max_agents
    ORDER BY s.priority, s.remaining_seconds DESC, s.position
    LIMIT 100
    """,
)

TAKE_HOLDS = Statement(
    "attempt bigint, subtask bigint, kind text, name text, mode text, amount integer",
    """
    INSERT INTO runs_hold (attempt_id, run_id, subtask_id, kind, name, mode, amount)
    SELECT v.attempt, %(run)s, v.subtask, v.kind, v.name, v.mode, v.amount FROM {rows} WHERE true
    """,
)

RELEASE_HOLDS = Statement(
    "attempt bigint",
    """
    DELETE FROM runs_hold WHERE attempt_id IN (SELECT v.attempt FROM {rows}) RETURNING attempt_id, kind, name
    """,
)

SPEND = Statement(
    "name text, tokens float8",
    """
    INSERT INTO runs_resource (kind, name, tokens, refilled_at)
    SELECT 'api', v.name, v.tokens, %(now)s FROM {rows} WHERE true
    ON CONFLICT (kind, name) DO UPDATE SET tokens = excluded.tokens, refilled_at = excluded.refilled_at
    """,
)

HOLD_BACK = Statement(
    "id bigint, wait text, key text, claim jsonb, until timestamptz, since timestamptz",
    """
    UPDATE runs_subtask SET waits_for = v.wait, waits_key = v.key, waits_claim = v.claim, waits_until = v.until,
           waits_since = COALESCE(waits_since, v.since)
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND status || '' = 'pending' AND unmet = 0
      AND not_before IS NULL AND waits_for = ''
    RETURNING runs_subtask.id, waits_for, mode
    """,
)

# Twins claim just the same: the first of them waits for what is in the way, those that rank below wait for it. "twin"
# sorts behind all other keys.
FIRST_OF_TWINS = Statement(
    "claims_group text",
    """
    SELECT s.claims_group, s.id, s.priority, s.remaining_seconds, s.position
    FROM {rows} JOIN runs_subtask s ON s.claims_group = v.claims_group AND NOT s.claims_group = ''
      AND s.status = 'pending' AND s.unmet = 0 AND s.waits_key > '' AND s.waits_key < 'twin'
    """,
)

STAND_BEHIND = Statement(
    "claims_group text, priority integer, remaining float8, position integer, wait text, claim jsonb, "
    "since timestamptz",
    """
    UPDATE runs_subtask SET waits_for = v.wait, waits_key = 'twin', waits_claim = v.claim,
           waits_since = COALESCE(waits_since, v.since)
    FROM {rows}
    WHERE +run_id = %(run)s AND runs_subtask.claims_group = v.claims_group AND NOT runs_subtask.claims_group = ''
      AND status = 'pending' AND unmet = 0 AND waits_key = '' AND not_before IS NULL AND waits_for = ''
      AND (runs_subtask.priority, -remaining_seconds, runs_subtask.position) > (v.priority, -v.remaining, v.position)
    RETURNING runs_subtask.id, waits_for, mode
    """,
)

NEXT_TWINS = Statement(
    "id bigint",
    """
    SELECT s.id, s.run_id, s.waits_for, s.mode FROM {rows} JOIN runs_subtask f ON f.id = v.id
    JOIN runs_subtask s ON s.id IN (
        SELECT t.id FROM runs_subtask t
        WHERE t.claims_group = f.claims_group AND NOT t.claims_group = '' AND t.status = 'pending'
          AND t.unmet = 0 AND t.waits_key = 'twin'
        ORDER BY t.priority, t.remaining_seconds DESC, t.position LIMIT %(most)s)
    """,
)

WAITING_ON = Statement(
    "key text",
    """
    SELECT s.id, s.run_id, s.waits_for, s.mode FROM {rows}
    JOIN runs_subtask s ON s.waits_key = v.key AND s.waits_for IN ('rate_limit', 'resource')
    """,
)

WAITED_LONG_ENOUGH = Statement(
    "",
    """
    SELECT id, run_id, waits_for, mode FROM runs_subtask
    WHERE +run_id = %(run)s AND waits_until IS NOT NULL AND waits_until <= %(now)s
    """,
)

HELD_BACK = Statement(
    "",
    """
    SELECT id, run_id, waits_for, mode FROM runs_subtask
    WHERE id = %(id)s AND run_id = %(run)s AND status = 'pending' AND waits_for <> ''
    """,
)

COME_BACK = Statement(
    "id bigint",
    """
    UPDATE runs_subtask SET waits_for = '', waits_key = '', waits_claim = NULL, waits_until = NULL,
           ready_at = %(now)s
    FROM {rows} WHERE runs_subtask.id = v.id AND waits_for <> ''
    """,
)

COUNT_BACK = Statement(
    "run bigint, held_back integer, rate_limited integer, outside integer",
    """
    UPDATE runs_run SET held_back = runs_run.held_back - v.held_back,
           rate_limited = runs_run.rate_limited - v.rate_limited, outside = runs_run.outside + v.outside
    FROM {rows} WHERE runs_run.id = v.run
    """,
)
