"""I32: who was put away was lost."""

from runs.verify.base import Check, rows

CHECKS = [
    Check(
        "I32",
        "an agent that a person retired or dismissed had lost an attempt in that run",
        rows(
            """
            SELECT e.run_id, e.seq, COALESCE(g.name, '?') FROM runs_event e
            JOIN runs_run r ON r.id = e.run_id LEFT JOIN runs_agent g ON g.id = e.agent_id
            WHERE {scope} AND e.kind IN ('agent_retired', 'agent_dismissed') AND NOT EXISTS (
                SELECT 1 FROM runs_attempt a WHERE a.run_id = e.run_id AND a.agent_id = e.agent_id
                AND a.status = 'lost' AND a.finished_at <= e.at)
            """,
            "event {1} of run {0} puts {2} away, which had lost nothing there",
            "r.id",
        ),
    )
]
