"""Invariants of the rows as they stand: attempts and epochs, ends, leases, dependencies, results."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from runs import outputs
from runs.engine import states
from runs.models import Attempt, SubtaskDependency
from runs.reports import digest
from runs.sql import json_value, stamp
from runs.verify.base import Check, Scope, in_list, query, rows
from todos.models import Dependency, Todo
from todos.plan import graph
from todos.plan.outline import find_cycle

OPEN = in_list(states.ATTEMPT_OPEN)
ENDED = in_list(states.TERMINAL)
RUN_ENDED = in_list(states.RUN_TERMINAL)
SLACK = timedelta(seconds=1)


def _leases_in_bounds(scope: Scope) -> Iterator[str]:
    latest = stamp(scope.now + timedelta(seconds=settings.LEASE_SECONDS) + SLACK)
    text = f"""
        SELECT id FROM runs_attempt a WHERE status IN {OPEN} AND {scope.where("a.run_id")}
        AND (lease_expires_at > %(latest)s OR last_beat_at > %(latest)s)
    """
    for (number,) in query(text, {"latest": latest}):
        yield f"the lease of attempt {number} ends later than any lease may"


def _no_cycle(scope: Scope) -> Iterator[str]:
    links = SubtaskDependency.objects.all()
    if scope.run_id is not None:
        links = links.filter(run=scope.run_id)
    needs: dict[int, list[int]] = {}
    for before, after in links.values_list("before_id", "after_id").iterator():
        needs.setdefault(after, []).append(before)
        needs.setdefault(before, [])
    if path := graph.find_cycle(needs):
        yield "subtasks wait for each other: " + " → ".join(map(str, path))
    if scope.run_id is None:
        yield from _no_cycle_of_todos()


def _no_cycle_of_todos() -> Iterator[str]:
    """Being below another counts like waiting for it."""
    parents = {str(pk): str(parent) if parent else None for pk, parent in Todo.objects.values_list("pk", "parent_id")}
    needs: dict[str, list[str]] = {}
    for after, before in Dependency.objects.values_list("after_id", "before_id"):
        needs.setdefault(str(after), []).append(str(before))
    if path := find_cycle(needs, parents):
        yield "todos wait for each other: " + " → ".join(path)


def _results_unchanged(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT s.id, s.result, s.result_digest, e.kind, e.data FROM runs_subtask s
        JOIN runs_event e ON e.subtask_id = s.id AND e.kind IN ('completed', 'carried_over')
        WHERE s.status = 'completed' AND {scope.where("s.run_id")}
    """
    for number, stored, kept, kind, data in query(text):
        result = json_value(stored)
        told = (json_value(data) or {}).get("digest") if kind == "completed" else kept
        marked_by_hand = kind == "carried_over" and result is None and not kept
        if not marked_by_hand and not kept == told == digest(result):
            yield f"the result of subtask {number} is not the one that was recorded when it completed"


def _outputs_as_recorded(scope: Scope) -> Iterator[str]:
    found = Attempt.objects.exclude(output_bytes=0).filter(finished_at__isnull=False)
    if scope.run_id is not None:
        found = found.filter(run=scope.run_id)
    columns = ("pk", "run_id", "subtask_id", "epoch", "output_bytes", "output_digest")
    for number, run, subtask, epoch, size, told in found.values_list(*columns).iterator():
        if size > settings.OUTPUT_MAX_BYTES:
            yield f"attempt {number} kept {size} bytes of output, more than is allowed"
        path = outputs.path(run, subtask, epoch)
        if not path.exists():
            continue  # it was pruned
        if path.stat().st_size != size:
            yield f"attempt {number} recorded {size} bytes of output, the file has {path.stat().st_size}"
        elif _digest_of(path) != told:
            yield f"attempt {number} recorded other output than the file has"


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _foreign_keys(scope: Scope) -> Iterator[str]:
    if connection.vendor == "sqlite" and scope.run_id is None:
        for table, row, parent, _ in query("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} points to nothing in {parent}"
        for (answer,) in query("PRAGMA quick_check"):
            if answer != "ok":
                yield f"the database file is damaged: {answer}"


CHECKS = [
    Check(
        "I1",
        "a subtask is in progress exactly when one attempt of it is open, with its epoch",
        rows(
            f"""
            SELECT s.id, s.status, COUNT(a.id), SUM(CASE WHEN a.epoch = s.epoch THEN 1 ELSE 0 END)
            FROM runs_subtask s LEFT JOIN runs_attempt a ON a.subtask_id = s.id AND a.status IN {OPEN}
            WHERE {{scope}} GROUP BY s.id, s.status
            HAVING COUNT(a.id) <> CASE WHEN s.status = 'in_progress' THEN 1 ELSE 0 END
                OR SUM(CASE WHEN a.epoch <> s.epoch THEN 1 ELSE 0 END) > 0
            """,
            "subtask {0} is {1} and has {2} open attempts, {3} of them with its epoch",
            "s.run_id",
        ),
    ),
    Check(
        "I2",
        "the epochs of a subtask are 1 to n without a hole",
        rows(
            """
            SELECT s.id, s.epoch, COUNT(a.id) FROM runs_subtask s LEFT JOIN runs_attempt a ON a.subtask_id = s.id
            WHERE {scope} GROUP BY s.id, s.epoch
            HAVING COUNT(a.id) <> s.epoch OR COALESCE(MAX(a.epoch), 0) <> s.epoch OR COALESCE(MIN(a.epoch), 1) <> 1
            """,
            "subtask {0} is at epoch {1} and has {2} attempts",
            "s.run_id",
        ),
    ),
    Check(
        "I3",
        "a completed subtask has exactly one attempt that succeeded, or was carried over; any other has none",
        rows(
            """
            SELECT s.id, s.status, COUNT(a.id)
            FROM runs_subtask s LEFT JOIN runs_attempt a ON a.subtask_id = s.id AND a.status = 'succeeded'
            WHERE {scope} GROUP BY s.id, s.status, s.epoch, s.run_id
            HAVING COUNT(a.id) > 1 OR (s.status <> 'completed' AND COUNT(a.id) > 0)
                OR (s.status = 'completed' AND COUNT(a.id) = 0 AND NOT EXISTS (
                    SELECT 1 FROM runs_event e WHERE e.subtask_id = s.id AND e.kind = 'carried_over'))
            """,
            "subtask {0} is {1} and has {2} attempts that succeeded",
            "s.run_id",
        ),
    ),
    Check(
        "I5",
        "what has ended has the time of its end, and what has not has none",
        rows(
            f"""
            SELECT 'subtask', s.id, s.status FROM runs_subtask s
            WHERE {{scope}} AND (s.status IN {ENDED}) <> (s.finished_at IS NOT NULL)
            UNION ALL
            SELECT 'attempt', s.id, s.status FROM runs_attempt s
            WHERE {{scope}} AND (s.status NOT IN {OPEN}) <> (s.finished_at IS NOT NULL)
            UNION ALL
            SELECT 'run', s.run_id, s.status FROM (SELECT id AS run_id, status, finished_at FROM runs_run) AS s
            WHERE {{scope}} AND (s.status IN {RUN_ENDED}) <> (s.finished_at IS NOT NULL)
            """,
            "{0} {1} is {2} and its end does not agree",
            "s.run_id",
        ),
    ),
    Check(
        "I9",
        "all subtasks of a run that has ended have ended, and it ended as they did",
        rows(
            f"""
            SELECT r.id, r.status FROM runs_run r LEFT JOIN runs_subtask s ON s.run_id = r.id
            WHERE {{scope}} AND r.status IN {RUN_ENDED} GROUP BY r.id, r.status, r.cancel_requested_at
            HAVING SUM(CASE WHEN s.status IN ('pending', 'in_progress') THEN 1 ELSE 0 END) > 0
                OR r.status <> CASE
                    WHEN COALESCE(SUM(CASE WHEN s.status IN ('failed', 'cancelled') THEN 1 ELSE 0 END), 0) = 0
                        THEN 'completed'
                    WHEN r.cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE 'failed' END
            """,
            "run {0} is {1}, which does not follow from its subtasks",
            "r.id",
        ),
    ),
    Check(
        "I13",
        "no subtask has had more attempts than its retries and one last try allow",
        rows(
            """
            SELECT s.id, s.attempts_used, s.max_retries FROM runs_subtask s WHERE {scope}
            AND (s.attempts_used > s.max_retries + CASE WHEN s.max_retries > 0 THEN 2 ELSE 1 END
                 OR s.attempts_used > s.epoch)
            """,
            "subtask {0} has used {1} attempts with {2} retries",
            "s.run_id",
        ),
    ),
    Check("I14", "no lease ends later than one renewed now would", _leases_in_bounds),
    Check(
        "I14",
        "an open attempt has a lease, unless its agent reports by itself or it lies in a queue",
        rows(
            f"""
            SELECT a.id, r.id, r.backend FROM runs_attempt a JOIN runs_run r ON r.id = a.run_id
            WHERE {{scope}} AND a.status IN {OPEN} AND (a.lease_expires_at IS NULL) <>
                (r.backend = 'tracked' OR (r.backend = 'celery' AND a.status = 'leased' AND a.token_id IS NULL))
            """,
            "attempt {0}: whether it has a lease does not agree with its run {1}, which is {2}",
            "a.run_id",
        ),
    ),
    Check(
        "I15",
        "a run that has ended has no open attempt",
        rows(
            f"""
            SELECT r.id, a.id FROM runs_run r JOIN runs_attempt a ON a.run_id = r.id AND a.status IN {OPEN}
            WHERE {{scope}} AND r.status IN {RUN_ENDED}
            """,
            "run {0} has ended and attempt {1} is open",
            "r.id",
        ),
    ),
    Check(
        "I20",
        "a pending subtask waits for exactly the dependencies that have not ended as it must, and for its phase",
        rows(
            """
            SELECT s.id, s.unmet, COUNT(b.id) FROM runs_subtask s
            LEFT JOIN runs_subtaskdependency d ON d.after_id = s.id
            LEFT JOIN runs_subtask b ON b.id = d.before_id AND (b.status IN ('pending', 'in_progress')
                OR (s.starts_when = 'success' AND b.status <> 'completed'))
            JOIN runs_run r ON r.id = s.run_id
            WHERE {scope} AND s.status = 'pending' GROUP BY s.id, s.unmet, s.phase, r.phase
            HAVING COUNT(b.id) + CASE WHEN s.phase > r.phase THEN 1 ELSE 0 END <> s.unmet
            """,
            "subtask {0} says it waits for {1} others and has {2} to wait for",
            "s.run_id",
        ),
    ),
    Check("I21", "no subtask and no todo waits for itself, and every reference leads somewhere", _no_cycle),
    Check("I21", "every reference leads to a row", _foreign_keys),
    Check("I23", "output is stored as it was recorded, within its cap", _outputs_as_recorded),
    Check(
        "I25",
        "of tokens and login links only digests are stored",
        rows(
            """
            SELECT 'token', t.id FROM runs_token t
            WHERE {scope} AND (length(t.digest) <> 64 OR t.digest LIKE 'abr%%')
            UNION ALL
            SELECT 'login link', t.id FROM (SELECT id, digest, CAST(NULL AS bigint) AS run_id FROM runs_loginlink) AS t
            WHERE {scope} AND length(t.digest) <> 64
            """,
            "{0} {1} is not stored as a digest",
            "t.run_id",
        ),
    ),
    Check("I27", "a result is the one that was recorded when its subtask completed", _results_unchanged),
]
