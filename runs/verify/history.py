"""Invariants of the event log: no gap, legal steps only, and the rows are where the log says."""

from collections.abc import Iterator

from runs.engine import states
from runs.models import Event, Subtask
from runs.verify.base import Check, Scope, query, rows

_EDGES = {
    (source, verb.subtask_to if verb.subtask_to is not None else source)
    for verb in states.VERBS.values()
    for source in verb.subtask_from
}
_RUN_EDGES = {(source, target) for sources, target in states.RUN_VERBS.values() for source in sources}
_LEGAL = ", ".join(f"('{before}', '{after}')" for before, after in sorted(_EDGES))
_RUN_LEGAL = ", ".join(f"('{before}', '{after}')" for before, after in sorted(_RUN_EDGES))

# What the last word about an attempt makes of it.
_ATTEMPT_AFTER = """
    CASE COALESCE(e.kind, '') WHEN '' THEN 'nothing' WHEN 'leased' THEN 'leased' WHEN 'started' THEN 'running'
    WHEN 'completed' THEN 'succeeded' WHEN 'failed' THEN 'failed' WHEN 'timed_out' THEN 'timed_out'
    WHEN 'lost' THEN 'lost' ELSE 'cancelled' END
"""


def _leased_after_dependencies(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT d.after_id, d.before_id FROM runs_subtaskdependency d
        JOIN runs_event l ON l.subtask_id = d.after_id AND l.kind = 'leased'
        JOIN runs_subtask s ON s.id = d.after_id
        LEFT JOIN runs_event c ON c.subtask_id = d.before_id
          AND (c.after = 'completed' OR (s.starts_when <> 'success' AND c.after IN ('failed', 'cancelled', 'skipped')))
        JOIN runs_run r ON r.id = d.run_id AND r.trim_seq = 0 AND r.backend <> 'tracked'
        WHERE {scope.where("d.run_id")} AND (c.seq IS NULL OR c.seq > l.seq)
    """
    for after, before in query(text):
        yield f"subtask {after} was leased before {before}, which it needs, had ended as it must"


def _created_whole(scope: Scope) -> Iterator[str]:
    created = Event.objects.filter(kind="run_created")
    if scope.run_id is not None:
        created = created.filter(run=scope.run_id)
    for run, data in created.values_list("run_id", "data"):
        count = Subtask.objects.filter(run=run).count()
        told = (data or {}).get("subtasks")
        added = Event.objects.filter(run=run, kind="added").count()
        if count != (told or 0) + added:
            more = f", {added} were added," if added else ""
            yield f"run {run} was made with {told} subtasks{more} and has {count}"


CHECKS = [
    Check(
        "I4",
        "an event about an attempt carries its epoch, and epochs never go back",
        rows(
            """
            SELECT e.run_id, e.seq FROM runs_event e LEFT JOIN runs_attempt a ON a.id = e.attempt_id
            WHERE {scope} AND e.attempt_id IS NOT NULL
              AND (a.id IS NULL OR e.epoch IS NULL OR a.epoch <> e.epoch
                   OR e.subtask_id IS NULL OR a.subtask_id <> e.subtask_id OR a.run_id <> e.run_id)
            UNION
            SELECT run_id, seq FROM (
                SELECT e.run_id, e.seq, e.epoch,
                       LAG(e.epoch) OVER (PARTITION BY e.subtask_id ORDER BY e.seq) AS earlier
                FROM runs_event e WHERE {scope} AND e.epoch IS NOT NULL) AS steps
            WHERE epoch < earlier
            """,
            "event {1} of run {0} does not belong to the attempt it names",
            "e.run_id",
        ),
    ),
    Check(
        "I6",
        "a subtask goes only ways that exist, one step after the other",
        rows(
            f"""
            SELECT run_id, seq, before, after FROM (
                SELECT e.run_id, e.seq, e.before, e.after,
                       LAG(e.after) OVER (PARTITION BY e.subtask_id ORDER BY e.seq) AS earlier
                FROM runs_event e JOIN runs_run r ON r.id = e.run_id AND r.trim_seq = 0
                WHERE {{scope}} AND e.subtask_id IS NOT NULL AND e.before <> '') AS steps
            WHERE COALESCE(earlier, 'pending') <> before OR (before, after) NOT IN (VALUES {_LEGAL})
            """,
            "event {1} of run {0} goes from {2} to {3}",
            "e.run_id",
        ),
    ),
    Check(
        "I6",
        "a run goes only ways that exist",
        rows(
            f"""
            SELECT e.run_id, e.seq, e.before, e.after FROM runs_event e
            WHERE {{scope}} AND e.subtask_id IS NULL AND e.before <> '' AND e.before <> e.after
              AND (e.before, e.after) NOT IN (VALUES {_RUN_LEGAL})
            """,
            "event {1} takes run {0} from {2} to {3}",
            "e.run_id",
        ),
    ),
    Check(
        "I7",
        "rows are where the log says",
        rows(
            f"""
            SELECT 'subtask', s.id, s.status, COALESCE(e.after, 'pending') FROM runs_subtask s
            JOIN runs_run r ON r.id = s.run_id AND r.trim_seq = 0
            LEFT JOIN runs_event e ON e.run_id = s.run_id AND e.seq = (
                SELECT MAX(seq) FROM runs_event x WHERE x.subtask_id = s.id AND x.after <> '')
            WHERE {{scope}} AND s.status <> COALESCE(e.after, 'pending')
            UNION ALL
            SELECT 'attempt', s.id, s.status, {_ATTEMPT_AFTER} FROM runs_attempt s
            JOIN runs_run r ON r.id = s.run_id AND r.trim_seq = 0
            LEFT JOIN runs_event e ON e.run_id = s.run_id AND e.seq = (
                SELECT MAX(seq) FROM runs_event x
                WHERE x.subtask_id = s.subtask_id AND x.attempt_id = s.id AND x.after <> '')
            WHERE {{scope}} AND s.status <> {_ATTEMPT_AFTER}
            UNION ALL
            SELECT 'run', s.run_id, s.status, e.after
            FROM (SELECT id AS run_id, status, trim_seq FROM runs_run) AS s
            JOIN runs_event e ON e.run_id = s.run_id AND e.seq = (
                SELECT MAX(seq) FROM runs_event x
                WHERE x.run_id = s.run_id AND x.subtask_id IS NULL AND x.after <> '')
            WHERE {{scope}} AND s.trim_seq = 0 AND s.status <> e.after
            """,
            "{0} {1} is {2}, and the log ends with {3}",
            "s.run_id",
        ),
    ),
    Check(
        "I9",
        "nothing happens to a subtask after its run has ended",
        rows(
            """
            SELECT e.run_id, e.seq FROM runs_event e
            JOIN (SELECT run_id, MIN(seq) AS seq FROM runs_event
                  WHERE kind IN ('run_completed', 'run_failed', 'run_cancelled') GROUP BY run_id) AS c
            ON c.run_id = e.run_id
            WHERE {scope} AND e.seq > c.seq AND e.subtask_id IS NOT NULL AND e.before <> e.after
            """,
            "event {1} of run {0} came after its end",
            "e.run_id",
        ),
    ),
    Check(
        "I10",
        "the events of a run are numbered without a gap",
        rows(
            """
            SELECT r.id, r.trim_seq + 1, r.last_seq, COUNT(e.seq), MIN(e.seq), MAX(e.seq) FROM runs_run r
            LEFT JOIN runs_event e ON e.run_id = r.id WHERE {scope} GROUP BY r.id, r.last_seq, r.trim_seq
            HAVING COUNT(e.seq) <> r.last_seq - r.trim_seq OR COALESCE(MAX(e.seq), r.last_seq) <> r.last_seq
                OR COALESCE(MIN(e.seq), r.trim_seq + 1) <> r.trim_seq + 1
            """,
            "run {0} should have the events {1} to {2} and has {3}, from {4} to {5}",
            "r.id",
        ),
    ),
    Check("I16", "a subtask is leased after what it needs has ended as it must", _leased_after_dependencies),
    Check("I19", "a run has all the subtasks it was made with", _created_whole),
    Check(
        "I22",
        "time does not go back along the log, unless the log says why",
        rows(
            """
            SELECT run_id, seq FROM (
                SELECT e.run_id, e.seq, e.kind, e.at,
                       LAG(e.at) OVER (PARTITION BY e.run_id ORDER BY e.seq) AS earlier
                FROM runs_event e WHERE {scope}) AS steps
            WHERE at < earlier AND kind <> 'clock_step'
            """,
            "event {1} of run {0} is older than the one before it",
            "e.run_id",
        ),
    ),
]
