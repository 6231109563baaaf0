"""The SQL of the transitions, by name: one statement for many rows, the same text on SQLite and PostgreSQL.

The rows come as one JSON parameter, so a statement's text never changes and the database keeps it prepared. Every
UPDATE names the states it may start from, and RETURNING says which rows it won. `+run_id` keeps SQLite from walking all
of a run's rows where there is a shorter way (without statistics it takes an index by run for the better one).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Statement:
    """`columns` names and types what each row holds: `{rows}` in the text stands for a table of them, called v."""

    columns: str
    text: str

    def __call__(self, rows: Iterable[Sequence[Any]] | None = None, **values: Any) -> list[tuple]:
        """Runs it and gives what it returns. Times are passed and given back as `stamp` and `moment` have them.

        Raises ValueError for what no database could give back: numbers that are none, text that is no Unicode.
        """
        if rows is not None:
            values["rows"] = json.dumps(list(rows), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        with connection.cursor() as cursor:
            cursor.execute(_text(self, connection.vendor), values)
            return list(cursor.fetchall()) if cursor.description else []


@lru_cache(maxsize=256)
def _text(statement: Statement, vendor: str) -> str:
    parts = [column.strip().rsplit(" ", 1) for column in statement.columns.split(",") if column.strip()]
    if vendor == "sqlite":
        chosen = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, (name, _) in enumerate(parts))
        table = f"(SELECT {chosen} FROM json_each(%(rows)s)) AS v"
        lock = ""
    else:
        chosen = ", ".join(f"(value->>{at})::{kind} AS {name}" for at, (name, kind) in enumerate(parts))
        table = f"(SELECT {chosen} FROM json_array_elements(%(rows)s::json)) AS v"
        lock = "FOR UPDATE"
    return statement.text.replace("{rows}", table).replace("{lock}", lock)


@lru_cache(maxsize=4096)
def stamp(time: datetime | None) -> str | None:
    """A time as the database stores it (SQLite keeps UTC without its name)."""
    if time is None:
        return None
    if connection.vendor == "sqlite":
        return str(time.astimezone(UTC).replace(tzinfo=None))
    return time.isoformat()


def moment(stored: Any) -> datetime | None:
    """The other way round; drivers give text or datetimes, with or without a zone."""
    if isinstance(stored, str):
        stored = datetime.fromisoformat(stored)
    if stored is not None and stored.tzinfo is None:
        return stored.replace(tzinfo=UTC)
    return stored


def json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_value(stored: Any) -> Any:
    """A JSON column as Python has it; drivers give its text."""
    return json.loads(stored) if isinstance(stored, str) else stored


# ---- attempts as their reports find them ----

ATTEMPTS = Statement(
    "id bigint",
    """
    SELECT a.id, a.epoch, a.status, a.agent_id, a.available_at, a.started_at, a.leased_at, a.lease_expires_at,
           a.token_id, s.id, s.key, s.epoch, s.status, s.lane, s.alone, s.last_try, s.attempts_used, s.max_retries,
           s.timeout_seconds, s.expected_seconds, s.result_digest, s.cancel_requested_at
    FROM {rows} JOIN runs_attempt a ON a.id = v.id JOIN runs_subtask s ON s.id = a.subtask_id
    WHERE +a.run_id = %(run)s
    """,
)

# ---- lease ----

READY = Statement(
    "",
    """
    SELECT id, epoch, lane, alone, priority, remaining_seconds, position, timeout_seconds, expected_seconds, ready_at
    FROM runs_subtask
    WHERE run_id = %(run)s AND lane = %(lane)s AND status = 'pending' AND unmet = 0 AND not_before IS NULL
      AND executor IS NOT NULL
    ORDER BY priority, remaining_seconds DESC, position
    LIMIT %(limit)s
    """,
)

SPECS = Statement(
    "id bigint",
    """
    SELECT runs_subtask.id, epoch, key, content, executor, inputs, attempts_used, max_iterations
    FROM {rows} JOIN runs_subtask ON runs_subtask.id = v.id
    """,
)

LEASE_SUBTASKS = Statement(
    "id bigint, epoch integer, started timestamptz",
    """
    UPDATE runs_subtask SET status = 'in_progress', epoch = runs_subtask.epoch + 1, attempts_used = attempts_used + 1,
           progress = NULL, message = '', started_at = COALESCE(started_at, v.started)
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND runs_subtask.epoch = v.epoch
      AND status = 'pending' AND unmet = 0 AND not_before IS NULL
    RETURNING runs_subtask.id, runs_subtask.epoch, key, content, executor, inputs, attempts_used, max_iterations
    """,
)

LEASE_ATTEMPTS = Statement(
    "subtask bigint, epoch integer, agent bigint, token bigint, available timestamptz, deadline timestamptz, "
    "leased timestamptz, started timestamptz, status text",
    """
    INSERT INTO runs_attempt (run_id, subtask_id, epoch, agent_id, token_id, status, leased_at, last_beat_at,
           started_at, lease_expires_at, deadline_at, available_at, message, waits_for, iterations, error, warning,
           input_tokens, output_tokens, cost, output_bytes, output_truncated, output_digest)
    SELECT %(run)s, v.subtask, v.epoch, v.agent, v.token, v.status, v.leased, %(now)s,
           v.started, %(expires)s, v.deadline, v.available, '', '', 0, '', '', 0, 0, 0, 0, %(false)s, ''
    FROM {rows} WHERE true
    RETURNING id, subtask_id
    """,
)

# ---- start, heartbeat, progress: the subtask keeps its state ----

START_ATTEMPTS = Statement(
    "id bigint, epoch integer, at timestamptz, deadline timestamptz",
    """
    UPDATE runs_attempt SET status = 'running', started_at = v.at, deadline_at = v.deadline
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status = 'leased'
    RETURNING runs_attempt.id
    """,
)

START_SUBTASKS = Statement(
    "id bigint, at timestamptz",
    """
    UPDATE runs_subtask SET started_at = COALESCE(started_at, v.at)
    FROM {rows} WHERE runs_subtask.id = v.id AND status = 'in_progress'
    """,
)

RENEW = Statement(
    "id bigint, epoch integer, progress float8, message text",
    """
    UPDATE runs_attempt SET last_beat_at = %(now)s,
           lease_expires_at = CASE WHEN lease_expires_at < %(expires)s THEN %(expires)s ELSE lease_expires_at END,
           progress = COALESCE(v.progress, runs_attempt.progress), message = COALESCE(v.message, runs_attempt.message)
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND status IN ('leased', 'running')
    RETURNING runs_attempt.id
    """,
)

SHOW_PROGRESS = Statement(
    "id bigint, epoch integer, progress float8, message text",
    """
    UPDATE runs_subtask SET progress = COALESCE(v.progress, runs_subtask.progress),
           message = COALESCE(v.message, runs_subtask.message)
    FROM {rows}
    WHERE runs_subtask.id = v.id AND runs_subtask.epoch = v.epoch AND status = 'in_progress'
    RETURNING runs_subtask.id
    """,
)

# ---- ends ----

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
           attempts_used = attempts_used - v.back
    FROM {rows}
    WHERE runs_subtask.id = v.id AND +run_id = %(run)s AND runs_subtask.epoch = v.epoch
      AND runs_subtask.status = 'in_progress'
    RETURNING runs_subtask.id
    """,
)

END_ATTEMPTS = Statement(
    "id bigint, epoch integer, status text, started timestamptz, at timestamptz, error text, warning text, "
    "partial jsonb, iterations integer, tokens_in bigint, tokens_out bigint, cost float8, "
    "bytes bigint, truncated integer, digest text",
    """
    UPDATE runs_attempt SET status = v.status, finished_at = v.at, started_at = COALESCE(v.started, started_at),
           error = v.error, warning = v.warning, partial_result = v.partial, iterations = v.iterations,
           input_tokens = v.tokens_in, output_tokens = v.tokens_out, cost = v.cost, output_bytes = v.bytes,
           output_truncated = CASE WHEN v.truncated = 1 THEN %(true)s ELSE %(false)s END, output_digest = v.digest,
           waits_for = '', progress = CASE WHEN v.status = 'succeeded' THEN 1 ELSE runs_attempt.progress END
    FROM {rows}
    WHERE runs_attempt.id = v.id AND runs_attempt.epoch = v.epoch AND runs_attempt.status IN ('leased', 'running')
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
    RETURNING runs_subtask.unmet, runs_subtask.status
    """,
)

SKIP_DEPENDANTS = Statement(
    "id bigint, reason text",
    """
    UPDATE runs_subtask SET status = 'skipped', finished_at = %(now)s, error = d.reason, not_before = NULL
    FROM (SELECT after_id, MIN(v.reason) AS reason FROM {rows} JOIN runs_subtaskdependency ON before_id = v.id
          GROUP BY after_id) AS d
    WHERE runs_subtask.id = d.after_id AND status = 'pending'
    RETURNING runs_subtask.id, key, unmet, expected_seconds
    """,
)

END_PENDING = Statement(
    "",
    """
    UPDATE runs_subtask SET status = %(status)s, finished_at = %(now)s, error = %(reason)s, not_before = NULL
    WHERE run_id = %(run)s AND status = 'pending'
    RETURNING id, key, unmet, expected_seconds
    """,
)

END_ONE_PENDING = Statement(
    "",
    """
    UPDATE runs_subtask SET status = %(status)s, finished_at = %(now)s, error = %(reason)s, not_before = NULL
    WHERE run_id = %(run)s AND id = %(id)s AND status = 'pending'
    RETURNING id, key, unmet, expected_seconds
    """,
)

REQUEST_STOP = Statement(
    "",
    """
    UPDATE runs_subtask SET cancel_requested_at = %(now)s
    WHERE run_id = %(run)s AND status = 'in_progress' AND cancel_requested_at IS NULL AND (id = %(id)s OR %(all)s = 1)
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
    RETURNING id
    """,
)

UNDELAY_ONE = Statement(
    "",
    """
    UPDATE runs_subtask SET not_before = NULL
    WHERE run_id = %(run)s AND id = %(id)s AND status = 'pending' AND not_before IS NOT NULL
    RETURNING id
    """,
)

# ---- what is kept beside them ----

EVENTS = Statement(
    "seq bigint, topic text, kind text, subtask bigint, attempt bigint, epoch integer, agent bigint, "
    "before text, after text, at timestamptz, data jsonb",
    """
    INSERT INTO runs_event (run_id, seq, topic, kind, subtask_id, attempt_id, epoch, agent_id, before, after, at, data)
    SELECT %(run)s, v.seq, v.topic, v.kind, v.subtask, v.attempt, v.epoch, v.agent, v.before, v.after, v.at, v.data
    FROM {rows} WHERE true
    """,
)

ADD_LOADS = Statement(
    "run bigint, agent bigint, opened integer, completed integer, unsuccessful integer, busy float8",
    """
    UPDATE runs_runagent SET open = runs_runagent.open + v.opened, completed = runs_runagent.completed + v.completed,
           unsuccessful = runs_runagent.unsuccessful + v.unsuccessful, busy_seconds = busy_seconds + v.busy
    FROM {rows} WHERE run_id = v.run AND agent_id = v.agent
    RETURNING agent_id, open
    """,
)

FIRST_LOADS = Statement(
    "run bigint, agent bigint, opened integer, completed integer, unsuccessful integer, busy float8",
    """
    INSERT INTO runs_runagent (run_id, agent_id, open, completed, unsuccessful, busy_seconds)
    SELECT v.run, v.agent, v.opened, v.completed, v.unsuccessful, v.busy FROM {rows} WHERE true
    RETURNING agent_id, open
    """,
)

# ---- the sweep ----

OVERDUE = Statement(
    "",
    """
    SELECT run_id, id, epoch, lease_expires_at, deadline_at FROM runs_attempt
    WHERE status IN ('leased', 'running') AND (lease_expires_at <= %(now)s OR deadline_at <= %(now)s)
    """,
)

CANCEL_OVERDUE = Statement(
    "",
    """
    SELECT a.run_id, a.id, a.epoch FROM runs_run r
    JOIN runs_subtask s ON s.run_id = r.id AND s.status = 'in_progress' AND s.cancel_requested_at <= %(since)s
    JOIN runs_attempt a ON a.subtask_id = s.id AND a.epoch = s.epoch AND a.status IN ('leased', 'running')
    WHERE r.status IN ('pending', 'running', 'paused') AND r.stopping > 0
    """,
)

TO_VISIT = Statement(
    "",
    """
    SELECT id FROM runs_run r
    WHERE status IN ('pending', 'running', 'paused')
      AND (status = 'pending' OR pending + in_progress = 0
           OR (status = 'running' AND pending - blocked - delayed > 0)
           OR (delayed > 0 AND EXISTS (SELECT 1 FROM runs_subtask s WHERE +s.run_id = r.id AND s.status = 'pending'
                                       AND s.not_before IS NOT NULL AND s.not_before <= %(now)s)))
    ORDER BY id
    """,
)

EXTEND_LEASES = Statement(
    "id bigint, expires timestamptz, deadline timestamptz",
    """
    UPDATE runs_attempt SET lease_expires_at = v.expires, deadline_at = v.deadline
    FROM {rows} WHERE runs_attempt.id = v.id AND status IN ('leased', 'running')
    """,
)

OPEN_LEASES = Statement(
    "", "SELECT id, lease_expires_at, deadline_at FROM runs_attempt WHERE status IN ('leased', 'running')"
)

UNDER_WAY = Statement("", "SELECT id FROM runs_run WHERE status IN ('pending', 'running', 'paused') ORDER BY id")
