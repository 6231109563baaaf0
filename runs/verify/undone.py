"""I26: what is undone is undone once, in reverse order."""

from runs.verify.base import Check, rows

CHECKS = [
    Check(
        "I26",
        "what is undone is undone once",
        rows(
            """
            SELECT r.rollback_of_id, s.key, COUNT(*) FROM runs_run r
            JOIN runs_subtask s ON s.run_id = r.id
            JOIN runs_attempt a ON a.subtask_id = s.id AND a.status <> 'cancelled'
            WHERE r.rollback_of_id IS NOT NULL AND {scope}
            GROUP BY r.rollback_of_id, s.key HAVING COUNT(*) > 1
            """,
            "{1} of run {0} was undone {2} times",
            "r.rollback_of_id",
        ),
    ),
    Check(
        "I26",
        "what was completed last is undone first, and nothing that was not completed",
        rows(
            """
            SELECT run_id, key FROM (
                SELECT s.run_id, s.key, o.id AS done, o.finished_at,
                       LAG(o.finished_at) OVER (PARTITION BY s.run_id ORDER BY s.position) AS earlier
                FROM runs_run r JOIN runs_subtask s ON s.run_id = r.id
                LEFT JOIN runs_subtask o ON o.run_id = r.rollback_of_id AND o.key = s.key AND o.status = 'completed'
                WHERE r.rollback_of_id IS NOT NULL AND {scope}) AS steps
            WHERE done IS NULL OR finished_at > earlier
            """,
            "run {0} undoes {1} out of its turn",
            "r.id",
        ),
    ),
]
