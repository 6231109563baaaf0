"""How much work waits behind something that only a person can move on."""

from runs.sql import Statement

# What somebody said it takes, else what it took in earlier runs; null unless either is known of all.
_KNOWN = """
    CASE WHEN s.estimated_seconds IS NOT NULL OR s.executor ->> 'name' = 'simulate' THEN s.expected_seconds
         ELSE s.usual_seconds END
"""
_SECONDS = "CASE WHEN COUNT(*) = COUNT({known}) THEN SUM({known}) END".replace("{known}", _KNOWN)

# Of each: how many wait for it, directly or through others, and the seconds these take.
HELD_UP = Statement(
    "id bigint",
    """
    WITH RECURSIVE behind(first, id) AS (
        SELECT v.id, v.id FROM {rows}
        UNION SELECT b.first, d.after_id FROM behind b JOIN runs_subtaskdependency d ON d.before_id = b.id
    )
    SELECT b.first, COUNT(*), {seconds} FROM behind b JOIN runs_subtask s ON s.id = b.id
    WHERE b.id <> b.first AND s.status = 'pending' GROUP BY b.first
    """.replace("{seconds}", _SECONDS),
)

# Of each run: the seconds that what was skipped takes.
SKIPPED_SECONDS = Statement(
    "run bigint",
    """
    SELECT s.run_id, {seconds} FROM {rows} JOIN runs_subtask s ON s.run_id = v.run
    WHERE s.status = 'skipped' GROUP BY s.run_id
    """.replace("{seconds}", _SECONDS),
)
