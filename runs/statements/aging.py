"""The SQL of priorities that rise: the highest in line, and who climbs."""

from runs.sql import Statement

TOP_CLASS = Statement(
    "lane text",
    """
    SELECT MIN((SELECT s.priority FROM runs_subtask s
                WHERE s.run_id = %(run)s AND s.lane = v.lane AND s.status = 'pending' AND s.unmet = 0
                  AND s.not_before IS NULL AND s.waits_for = '' AND (s.mode <> 'external' OR %(outside)s = 1)
                ORDER BY s.priority LIMIT 1))
    FROM {rows}
    """,
)

CLIMB = Statement(
    "priority integer, aged integer, since timestamptz",
    """
    UPDATE runs_subtask SET priority = priority - 1, aged = aged + 1
    WHERE id IN (
        SELECT s.id FROM {rows} CROSS JOIN runs_subtask s
        WHERE s.run_id = %(run)s AND s.aged = v.aged AND s.priority = v.priority AND s.ready_at <= v.since
          AND s.status = 'pending' AND s.unmet = 0 AND s.not_before IS NULL AND s.waits_for = ''
          AND s.aged IS NOT NULL AND (s.mode <> 'external' OR %(outside)s = 1)
        LIMIT %(most)s)
      AND status = 'pending'
    RETURNING id, priority
    """,
)
