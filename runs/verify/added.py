"""I28: what was added says under what."""

from runs.verify.base import Check, rows

CHECKS = [
    Check(
        "I28",
        "what was added stands one deeper than the attempt under which it was, three deep at most",
        rows(
            """
            SELECT s.id, s.depth, COALESCE(p.depth + 1, CASE WHEN n.seq IS NULL THEN 0 ELSE 1 END)
            FROM runs_subtask s JOIN runs_run r ON r.id = s.run_id AND r.trim_seq = 0
            LEFT JOIN runs_attempt a ON a.id = s.added_by LEFT JOIN runs_subtask p ON p.id = a.subtask_id
            LEFT JOIN runs_event n ON n.subtask_id = s.id AND n.kind = 'added'
            WHERE {scope} AND (s.depth <> COALESCE(p.depth + 1, CASE WHEN n.seq IS NULL THEN 0 ELSE 1 END)
                               OR s.depth > 3 OR p.run_id <> s.run_id)
            """,
            "subtask {0} was added at depth {1}, and it should be {2}",
            "s.run_id",
        ),
    )
]
