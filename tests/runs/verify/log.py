"""Damage to the event log, and to rows that it no longer explains."""

from tests.runs.verify.corruption import Corruption, sql

_EVENT = "UPDATE runs_event SET {} WHERE run_id = {{ended}} AND seq = {{{}}}"
_NOT_ITS_OWN = "event {%s} of run {ended} does not belong to the attempt it names"
_NEED = "INSERT INTO runs_subtaskdependency (run_id, before_id, after_id) VALUES ({{ended}}, {{{}}}, {{{}}})"

CORRUPTIONS: dict[str, list[Corruption]] = {
    "I4 an event about an attempt carries its epoch, and epochs never go back": [
        sql("of no attempt", _NOT_ITS_OWN % "done_started", _EVENT.format("attempt_id = 999999", "done_started")),
        sql("of another epoch", _NOT_ITS_OWN % "done_started", _EVENT.format("epoch = 0", "done_started")),
        sql("of no epoch", _NOT_ITS_OWN % "done_started", _EVENT.format("epoch = NULL", "done_started")),
        sql("of no subtask", _NOT_ITS_OWN % "done_started", _EVENT.format("subtask_id = NULL", "done_started")),
        sql(
            "of another subtask",
            _NOT_ITS_OWN % "done_started",
            _EVENT.format("subtask_id = {flaky}", "done_started"),
            also="I6",
        ),
        sql(
            "in another run",
            "event {running_next} of run {running} does not belong to the attempt it names",
            "UPDATE runs_run SET last_seq = {running_next} WHERE id = {running}",
            """INSERT INTO runs_event (run_id, seq, topic, kind, subtask_id, attempt_id, epoch, before, after, at)
               SELECT run_id, {running_next}, topic, 'progress', {done}, {done_1}, 1, '', '', at
               FROM runs_event WHERE run_id = {running} AND seq = {running_last}""",
        ),
        sql(
            "of an earlier epoch",
            _NOT_ITS_OWN % "flaky_started",
            _EVENT.format("attempt_id = NULL, epoch = 1", "flaky_started"),
        ),
    ],
    "I6 a subtask goes only ways that exist, one step after the other": [
        sql(
            "a way that does not exist",
            "event {broken_failed} of run {ended} goes from in_progress to skipped",
            _EVENT.format("after = 'skipped'", "broken_failed"),
            "UPDATE runs_subtask SET status = 'skipped' WHERE id = {broken}",
            "UPDATE runs_run SET failed = failed - 1, skipped = skipped + 1 WHERE id = {ended}",
        ),
        sql(
            "not from where it was",
            "event {done_started} of run {ended} goes from pending to in_progress",
            _EVENT.format("before = 'pending'", "done_started"),
        ),
        sql(
            "not from the beginning",
            "event {done_leased} of run {ended} goes from in_progress to in_progress",
            _EVENT.format("before = 'in_progress'", "done_leased"),
        ),
    ],
    "I6 a run goes only ways that exist": [
        sql(
            "opened again",
            "event {ended_last} takes run {ended} from completed to failed",
            _EVENT.format("before = 'completed'", "ended_last"),
        ),
    ],
    "I7 rows are where the log says": [
        sql(
            "a subtask elsewhere",
            "subtask {dropped} is failed, and the log ends with cancelled",
            "UPDATE runs_subtask SET status = 'failed' WHERE id = {dropped}",
            "UPDATE runs_run SET cancelled = cancelled - 1, failed = failed + 1 WHERE id = {ended}",
        ),
        sql(
            "a subtask of which nothing is told",
            "subtask {waits} is skipped, and the log ends with pending",
            "UPDATE runs_subtask SET status = 'skipped', finished_at = created_at WHERE id = {waits}",
            "UPDATE runs_run SET pending = pending - 1, blocked = 0, skipped = 1, expected_ended = expected_ended + 10 "
            "WHERE id = {running}",
        ),
        sql(
            "an attempt elsewhere",
            "attempt {flaky_1} is timed_out, and the log ends with failed",
            "UPDATE runs_attempt SET status = 'timed_out' WHERE id = {flaky_1}",
        ),
        sql(
            "an attempt of which nothing is told",
            "attempt {flaky_1} is failed, and the log ends with nothing",
            "UPDATE runs_event SET attempt_id = NULL WHERE attempt_id = {flaky_1}",
        ),
        sql(
            "a run elsewhere",
            "run {running} is paused, and the log ends with running",
            "UPDATE runs_run SET status = 'paused' WHERE id = {running}",
        ),
    ],
    "I9 nothing happens to a subtask after its run has ended": [
        sql(
            "the last two events swapped",
            "event {ended_last} of run {ended} came after its end",
            _EVENT.format("seq = 0", "ended_last"),
            _EVENT.format("seq = {ended_last}", "ended_before_last"),
            "UPDATE runs_event SET seq = {ended_before_last} WHERE run_id = {ended} AND seq = 0",
        ),
    ],
    "I10 the events of a run are numbered without a gap": [
        sql(
            "one is missing",
            "run {ended} should have the events 1 to {ended_last} and has {ended_before_last}, from 1 to {ended_last}",
            "DELETE FROM runs_event WHERE run_id = {ended} AND seq = {done_started}",
        ),
        sql(
            "the last one is too high",
            "run {ended} should have the events 1 to {ended_last} and has {ended_last}, from 1 to {ended_next}",
            _EVENT.format("seq = {ended_next}", "ended_last"),
        ),
        sql(
            "the first one is too low",
            "run {ended} should have the events 1 to {ended_last} and has {ended_last}, from 0 to {ended_last}",
            _EVENT.format("seq = 0", "ended_run_created"),
        ),
        sql(
            "the row counts one more",
            "run {ended} should have the events 1 to {ended_next} and has {ended_last}, from 1 to {ended_last}",
            "UPDATE runs_run SET last_seq = last_seq + 1 WHERE id = {ended}",
        ),
    ],
    "I16 a subtask is leased after what it needs has ended as it must": [
        sql(
            "completed later",
            "subtask {done} was leased before {given}, which it needs, had ended as it must",
            _NEED.format("given", "done"),
        ),
        sql(
            "never completed",
            "subtask {done} was leased before {broken}, which it needs, had ended as it must",
            _NEED.format("broken", "done"),
        ),
    ],
    "I19 a run has all the subtasks it was made with": [
        sql(
            "one is gone",
            "run {running} was made with 7 subtasks and has 6",
            "DELETE FROM runs_subtask WHERE id = {ready}",
            "UPDATE runs_run SET total = 6, pending = pending - 1, expected_total = expected_total - 10 "
            "WHERE id = {running}",
        ),
        sql(
            "the log does not say how many",
            "run {ended} was made with None subtasks and has 7",
            _EVENT.format("data = NULL", "ended_run_created"),
        ),
    ],
    "I22 time does not go back along the log, unless the log says why": [
        sql(
            "it does",
            "event {done_started} of run {ended} is older than the one before it",
            _EVENT.format("at = '2000-01-01 00:00:00'", "done_started"),
        ),
    ],
}
