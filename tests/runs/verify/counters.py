"""Damage to what is kept: each column alone is one too many."""

from tests.runs.verify.corruption import Corruption, sql

_OF_SUBTASKS = (
    "total pending in_progress completed failed cancelled skipped blocked delayed outside open_query open_execute "
    "open_alone stopping questions expected_total expected_ended"
).split()
_OF_ATTEMPTS = "losses retries input_tokens output_tokens cost".split()
_RUN = "UPDATE runs_run SET {} WHERE id = {{running}}"
_AGENT = "UPDATE runs_runagent SET {} WHERE run_id = {{running}} AND agent_id = {{agent_1}}"


def _one_too_many(column: str) -> Corruption:
    kept, there = f"{{running_{column}_more}}", f"{{running_{column}}}"
    return Corruption(
        column,
        f"run {{running}} keeps {column} = {kept}, and there are {there}",
        (_RUN.format(f"{column} = {column} + 1"),),
    )


_KEPT = "of agent {agent_1} in run {running} there is kept (open, completed, unsuccessful): "

CORRUPTIONS: dict[str, list[Corruption]] = {
    "I8 the counters of a run equal its subtasks": [_one_too_many(column) for column in _OF_SUBTASKS],
    "I8 the losses, retries, tokens and cost of a run equal its attempts": [
        _one_too_many(column) for column in _OF_ATTEMPTS
    ],
    "I8 what is kept of an agent's work equals its attempts": [
        sql("an open one too many", _KEPT + "2, 1, 2, and there are 1, 1, 2", _AGENT.format("open = 2")),
        sql("a completed one too many", _KEPT + "1, 2, 2, and there are 1, 1, 2", _AGENT.format("completed = 2")),
        sql("one too few that went wrong", _KEPT + "1, 1, 1, and there are 1, 1, 2", _AGENT.format("unsuccessful = 1")),
        sql(
            "nothing is kept of an agent",
            _KEPT + "nothing, and there are 1, 1, 2",
            "DELETE FROM runs_runagent WHERE run_id = {running} AND agent_id = {agent_1}",
        ),
        sql(
            "work is kept that nobody did",
            "of agent {agent_2} in run {completed} there is kept (open, completed, unsuccessful): "
            "0, 1, 0, and there are 0, 0, 0",
            "INSERT INTO runs_runagent (run_id, agent_id, open, completed, unsuccessful, busy_seconds) "
            "VALUES ({completed}, {agent_2}, 0, 1, 0, 0)",
        ),
    ],
    "I8 the times that are kept of a run and of its agents equal its attempts": [
        sql(
            "a run that was busy longer",
            "run {completed} keeps busy_ended = 2.500000, and there are 2.000000",
            "UPDATE runs_run SET busy_ended = busy_ended + 0.5 WHERE id = {completed}",
        ),
        sql(
            "an agent that was busy longer",
            "agent {agent_1} in run {completed} keeps busy_seconds = 2.500000, and there are 2.000000",
            "UPDATE runs_runagent SET busy_seconds = busy_seconds + 0.5 WHERE run_id = {completed}",
        ),
        sql(
            "an attempt that is still thought open",
            "run {completed} keeps open_started_sum = 1.000000, and there are 0.000000",
            "UPDATE runs_run SET open_started_sum = 1 WHERE id = {completed}",
        ),
        sql(
            "open attempts that began later",
            "run {running} keeps open_started_sum = {running_open_started_sum_more:.6f}, "
            "and there are {running_open_started_sum:.6f}",
            _RUN.format("open_started_sum = open_started_sum + 1"),
        ),
    ],
    "I8 the work that is kept of a run equals its attempts": [
        sql(
            f"{column} that nobody did",
            f"run {{completed}} keeps {column} = {more}, and there are {there}",
            f"UPDATE runs_run SET {column} = {column} + 0.5 WHERE id = {{completed}}",
        )
        for column, more, there in (
            ("work_done", "2.500000", "2.000000"),
            ("usual_took", "0.500000", "0.000000"),
            ("usual_work", "0.500000", "0.000000"),
        )
    ]
    + [
        sql(
            "an attempt that worked less",
            "run {completed} keeps work_done = 2.000000, and there are 1.250000",
            "UPDATE runs_attempt SET worked_seconds = 0.25 WHERE subtask_id = {first}",
        ),
        sql(
            "a subtask that is told to have taken one agent less before",
            "run {completed} keeps usual_took = 0.000000, and there are 1.000000",
            "UPDATE runs_subtask SET usual_seconds = 0.5 WHERE id = {first}",
            "UPDATE runs_run SET usual_work = 0.5 WHERE id = {completed}",
        ),
    ],
    "I12 every seat taken belongs to an open attempt": [
        sql(
            "a seat that nobody sits on",
            "run {running} keeps 3 active agents, and 2 have an open attempt",
            _RUN.format("agents_active = 3"),
        ),
        sql(
            "a seat left behind by a run that ended",
            "run {ended} keeps 1 active agents, and 0 have an open attempt",
            "UPDATE runs_run SET agents_active = 1 WHERE id = {ended}",
        ),
    ],
}
