"""The SQL of what the journal keeps beside the states."""

from runs.sql import Statement

EVENTS = Statement(
    "seq bigint, topic text, kind text, subtask bigint, attempt bigint, epoch integer, agent bigint, "
    "before text, after text, data jsonb",
    """
    INSERT INTO runs_event (run_id, seq, topic, kind, subtask_id, attempt_id, epoch, agent_id, before, after, at, data)
    SELECT %(run)s, v.seq, v.topic, v.kind, v.subtask, v.attempt, v.epoch, v.agent, v.before, v.after, %(at)s, v.data
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
