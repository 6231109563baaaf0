"""Damage to rows as they stand."""

from tests.runs.verify.corruption import Corruption, sql

_SUBTASK = "UPDATE runs_subtask SET {} WHERE id = {{{}}}"
_ATTEMPT = "UPDATE runs_attempt SET {} WHERE id = {{{}}}"
_EVENT = "UPDATE runs_event SET {} WHERE run_id = {{ended}} AND seq = {{{}}}"
_RUN = "UPDATE runs_run SET {} WHERE id = {{{}}}"
_LINK = "INSERT INTO runs_subtaskdependency (run_id, before_id, after_id) VALUES ({{ended}}, {{{}}}, {{{}}})"
_TODO_LINK = "INSERT INTO todos_dependency (before_id, after_id) VALUES ({{{}}}, {{{}}})"
_NOT_THE_RESULT = "the result of subtask {%s} is not the one that was recorded when it completed"


def _closed_as(run: str, status: str) -> tuple[str, str]:
    """The log says the same as the row, so that the end alone is wrong."""
    last = f"UPDATE runs_event SET after = '{status}' WHERE run_id = {{{run}}} AND seq = {{{run}_last}}"
    return _RUN.format(f"status = '{status}'", run), last


CORRUPTIONS: dict[str, list[Corruption]] = {
    "I1 a subtask is in progress exactly when one attempt of it is open, with its epoch": [
        sql(
            "none is open",
            "subtask {busy} is in_progress and has 0 open attempts, 0 of them with its epoch",
            _ATTEMPT.format("status = 'lost', finished_at = leased_at", "busy_2"),
            also="I7 I8 I12",
        ),
        sql(
            "one is open and nothing is in progress",
            "subtask {busy} is pending and has 1 open attempts, 1 of them with its epoch",
            _SUBTASK.format("status = 'pending'", "busy"),
            also="I7 I8",
        ),
        sql(
            "two are open",
            "subtask {busy} is in_progress and has 2 open attempts, 1 of them with its epoch",
            _ATTEMPT.format("status = 'running', finished_at = NULL", "busy_1"),
            also="I7 I8",
        ),
        sql(
            "the open one has another epoch",
            "subtask {handed} is in_progress and has 1 open attempts, 0 of them with its epoch",
            _SUBTASK.format("epoch = 2", "handed"),
            also="I2",
        ),
    ],
    "I2 the epochs of a subtask are 1 to n without a hole": [
        sql(
            "one attempt is missing",
            "subtask {flaky} is at epoch 3 and has 2 attempts",
            _SUBTASK.format("epoch = 3", "flaky"),
        ),
        sql(
            "one in the middle is gone",
            "subtask {lossy} is at epoch 4 and has 3 attempts",
            "DELETE FROM runs_attempt WHERE id = {lossy_2}",
            also="I4 I8",
        ),
        sql(
            "the last one is too high",
            "subtask {flaky} is at epoch 2 and has 2 attempts",
            _ATTEMPT.format("epoch = 3", "flaky_2"),
            "UPDATE runs_event SET epoch = 3 WHERE attempt_id = {flaky_2}",
        ),
        sql(
            "the first one is too low",
            "subtask {flaky} is at epoch 2 and has 2 attempts",
            _ATTEMPT.format("epoch = 0", "flaky_1"),
            "UPDATE runs_event SET epoch = 0 WHERE attempt_id = {flaky_1}",
        ),
    ],
    "I3 a completed subtask has exactly one attempt that succeeded, or was carried over; any other has none": [
        sql(
            "two succeeded",
            "subtask {flaky} is completed and has 2 attempts that succeeded",
            _ATTEMPT.format("status = 'succeeded'", "flaky_1"),
            also="I7 I8",
        ),
        sql(
            "one succeeded and its subtask failed",
            "subtask {broken} is failed and has 1 attempts that succeeded",
            _ATTEMPT.format("status = 'succeeded'", "broken_1"),
            also="I7 I8",
        ),
        sql(
            "none succeeded",
            "subtask {done} is completed and has 0 attempts that succeeded",
            _ATTEMPT.format("status = 'failed'", "done_1"),
            also="I7 I8",
        ),
        sql(
            "it was not carried over",
            "subtask {again_done} is completed and has 0 attempts that succeeded",
            "UPDATE runs_event SET kind = 'imagined' WHERE run_id = {again} AND seq = {again_done_carried_over}",
        ),
    ],
    "I5 what has ended has the time of its end, and what has not has none": [
        sql(
            "a subtask ended at no time",
            "subtask {done} is completed and its end does not agree",
            _SUBTASK.format("finished_at = NULL", "done"),
        ),
        sql(
            "a subtask has the time of an end to come",
            "subtask {ready} is pending and its end does not agree",
            _SUBTASK.format("finished_at = created_at", "ready"),
        ),
        sql(
            "an attempt ended at no time",
            "attempt {done_1} is succeeded and its end does not agree",
            _ATTEMPT.format("finished_at = NULL", "done_1"),
        ),
        sql(
            "an attempt has the time of an end to come",
            "attempt {handed_1} is running and its end does not agree",
            _ATTEMPT.format("finished_at = leased_at", "handed_1"),
        ),
        sql(
            "a run ended at no time",
            "run {ended} is failed and its end does not agree",
            _RUN.format("finished_at = NULL", "ended"),
        ),
        sql(
            "a run has the time of an end to come",
            "run {running} is running and its end does not agree",
            _RUN.format("finished_at = created_at", "running"),
        ),
    ],
    "I9 all subtasks of a run that has ended have ended, and it ended as they did": [
        sql(
            "one has not ended",
            "run {ended} is failed, which does not follow from its subtasks",
            _SUBTASK.format("status = 'pending', finished_at = NULL", "dropped"),
            also="I7 I8",
        ),
        sql(
            "none failed",
            "run {completed} is failed, which does not follow from its subtasks",
            *_closed_as("completed", "failed"),
        ),
        sql(
            "one failed",
            "run {ended} is completed, which does not follow from its subtasks",
            *_closed_as("ended", "completed"),
        ),
        sql(
            "nobody cancelled it",
            "run {ended} is cancelled, which does not follow from its subtasks",
            *_closed_as("ended", "cancelled"),
        ),
        sql(
            "somebody cancelled it",
            "run {cancelled} is failed, which does not follow from its subtasks",
            *_closed_as("cancelled", "failed"),
        ),
    ],
    "I13 no subtask has had more attempts than its retries and one last try allow": [
        sql(
            "a retry where none is allowed",
            "subtask {flaky} has used 2 attempts with 0 retries",
            _SUBTASK.format("max_retries = 0", "flaky"),
        ),
        sql(
            "more than the retries and the last try",
            "subtask {lossy} has used 4 attempts with 1 retries",
            _SUBTASK.format("max_retries = 1", "lossy"),
        ),
        sql(
            "more than there are",
            "subtask {done} has used 2 attempts with 2 retries",
            _SUBTASK.format("attempts_used = 2", "done"),
        ),
    ],
    "I14 no lease ends later than one renewed now would": [
        sql(
            "a lease for ever",
            "the lease of attempt {handed_1} ends later than any lease may",
            _ATTEMPT.format("lease_expires_at = '2100-01-01 00:00:00'", "handed_1"),
        ),
        sql(
            "a heartbeat to come",
            "the lease of attempt {handed_1} ends later than any lease may",
            _ATTEMPT.format("last_beat_at = '2100-01-01 00:00:00'", "handed_1"),
        ),
    ],
    "I14 an open attempt has a lease, unless its agent reports by itself or it lies in a queue": [
        sql(
            "a lease without an end",
            "attempt {handed_1}: whether it has a lease does not agree with its run {running}, which is embedded",
            _ATTEMPT.format("lease_expires_at = NULL", "handed_1"),
        ),
    ],
    "I15 a run that has ended has no open attempt": [
        sql(
            "one was left open",
            "run {ended} has ended and attempt {broken_1} is open",
            _ATTEMPT.format("status = 'running', finished_at = NULL", "broken_1"),
            also="I1 I7 I8 I12",
        ),
    ],
    "I20 a pending subtask waits for exactly the dependencies that have not ended as it must, and for its phase": [
        sql(
            "it could start too early",
            "subtask {waits} says it waits for 0 others and has 1 to wait for",
            _SUBTASK.format("unmet = 0", "waits"),
            _RUN.format("blocked = 0", "running"),
        ),
        sql(
            "it would wait for ever",
            "subtask {waits} says it waits for 1 others and has 0 to wait for",
            "DELETE FROM runs_subtaskdependency WHERE after_id = {waits}",
        ),
    ],
    "I21 no subtask and no todo waits for itself, and every reference leads somewhere": [
        sql(
            "subtasks",
            "subtasks wait for each other: {after} → {dropped} → {after}",
            _LINK.format("dropped", "after"),
            _LINK.format("after", "dropped"),
        ),
        sql(
            "todos",
            "todos wait for each other: {todo_second} → {todo_first} → {todo_second}",
            _TODO_LINK.format("todo_second", "todo_first"),
        ),
        sql(
            "a todo by itself",
            "todos wait for each other: {todo_first} → {todo_first}",
            _TODO_LINK.format("todo_first", "todo_first"),
            also="I21",
        ),
        sql(
            "a todo below itself",
            "todos wait for each other: {todo_first} → {todo_first}",
            "UPDATE todos_todo SET parent_id = id WHERE id = {todo_first}",
        ),
    ],
    "I21 every reference leads to a row": [
        sql(
            "to nothing",
            "row {running} of runs_run points to nothing in runs_token",
            _RUN.format("made_by_id = 999999", "running"),
        ),
        sql(
            "a value that no row may have",
            "the database file is damaged: CHECK constraint failed in runs_run",
            _RUN.format("overhead_count = -1", "running"),
        ),
    ],
    "I23 output is stored as it was recorded, within its cap": [
        sql(
            "more than is allowed",
            "attempt {flaky_2} kept 52428801 bytes of output, more than is allowed",
            _ATTEMPT.format("output_bytes = 52428801", "flaky_2"),
        ),
        sql(
            "another size than the file's",
            "attempt {done_1} recorded 7 bytes of output, the file has 12",
            _ATTEMPT.format("output_bytes = 7", "done_1"),
        ),
        Corruption(
            "the file was cut", "attempt {done_1} recorded 12 bytes of output, the file has 6", output=b"twelve"
        ),
        Corruption(
            "the file was changed", "attempt {done_1} recorded other output than the file has", output=b"twelve BYTES"
        ),
    ],
    "I25 of tokens and login links only digests are stored": [
        sql(
            "a token's secret",
            "token {token} is not stored as a digest",
            "UPDATE runs_token SET digest = substr(digest, 1, 43) WHERE id = {token}",
        ),
        sql(
            "a token's text, as long as a digest",
            "token {token} is not stored as a digest",
            "UPDATE runs_token SET digest = 'abr_o_' || substr(digest, 1, 58) WHERE id = {token}",
        ),
        sql(
            "a login link's own secret",
            "login link {link} is not stored as a digest",
            "UPDATE runs_loginlink SET digest = substr(digest, 1, 43) WHERE id = {link}",
        ),
    ],
    "I27 a result is the one that was recorded when its subtask completed": [
        sql("another result", _NOT_THE_RESULT % "done", _SUBTASK.format("result = '[4]'", "done")),
        sql("another digest", _NOT_THE_RESULT % "done", _SUBTASK.format("result_digest = ''", "done")),
        sql("another record", _NOT_THE_RESULT % "done", _EVENT.format("data = NULL", "done_completed")),
        sql(
            "another result than was carried over",
            _NOT_THE_RESULT % "again_done",
            _SUBTASK.format("result = NULL", "again_done"),
        ),
    ],
}
