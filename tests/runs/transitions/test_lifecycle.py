"""The states of a run: every state times every verb, and how a run ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from runs import transitions
from runs.engine.states import RUN_VERBS
from runs.models import Event
from runs.reports import Said
from tests.runs.factories import NOW, Work, dump, violations, work

pytestmark = pytest.mark.django_db


def move(verb: str) -> Callable[[Work], bool]:
    def do(made: Work) -> bool:
        with made.entry() as entry:
            return transitions.move(entry, verb)

    return do


def cancel(made: Work) -> bool:
    with made.entry() as entry:
        return transitions.request_cancel(entry)


def close(made: Work) -> bool:
    with made.entry() as entry:
        return transitions.close(entry)


def end(said: Said) -> Callable[[Work], None]:
    def do(made: Work) -> None:
        move("start")(made)
        made.do("x", said, retryable=False)
        assert close(made)

    return do


def being_cancelled(made: Work) -> None:
    move("start")(made)
    made.begin("x")
    cancel(made)


def cancelled(made: Work) -> None:
    cancel(made)
    close(made)


def test_a_baseline_tells_the_run_it_was_made_for_how_long_it_took() -> None:
    made = work({"x": {}})
    end(Said.COMPLETE)(made)
    slow = work({"x": {}}, strategy="sequential", baseline_of=made.run)
    move("start")(slow)
    lease = slow.begin("x")
    slow.clock.advance(7)
    slow.say(Said.COMPLETE, lease)
    assert close(slow)
    assert made.run.baseline_seconds == 7.0


def test_a_baseline_that_did_not_do_all_of_it_tells_nothing() -> None:
    made = work({"x": {}})
    end(Said.COMPLETE)(made)
    slow = work({"x": {}}, strategy="sequential", baseline_of=made.run)
    end(Said.FAIL)(slow)
    assert made.run.baseline_seconds is None


STATES: dict[str, Callable[[Work], object]] = {
    "pending": lambda made: None,
    "running": move("start"),
    "paused": move("pause"),
    "being cancelled": being_cancelled,
    "completed": end(Said.COMPLETE),
    "failed": end(Said.FAIL),
    "cancelled": cancelled,
}
VERBS: dict[str, Callable[[Work], bool]] = {
    "start": move("start"),
    "pause": move("pause"),
    "resume": move("resume"),
    "cancel": cancel,
    "close": close,
}


def allowed(made: Work, state: str, verb: str) -> bool:
    if verb == "cancel":
        return made.run.status not in ("completed", "failed", "cancelled")
    if verb == "close":
        return False  # what has not ended has subtasks that have not ended, and what has cannot end again
    return made.run.status in RUN_VERBS[verb][0]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES)
def test_a_run_moves_exactly_where_the_table_says(state: str, verb: str) -> None:
    made = work({"x": {}})
    STATES[state](made)
    rows, before, may = dump(), len(made.kinds()), allowed(made, state, verb)

    assert VERBS[verb](made) == may

    if not may or (verb == "cancel" and state == "being cancelled"):
        assert dump() == rows
    elif verb == "cancel":
        assert made.run.cancel_requested_at == NOW
    else:
        assert made.run.status == RUN_VERBS[verb][1]
        assert len(made.kinds()) == before + 1
    assert violations(NOW) == []


@pytest.mark.parametrize("state", ["pending", "running", "paused"])
@pytest.mark.parametrize(
    ("ends", "status", "reason"),
    [
        ({"a": Said.COMPLETE, "b": Said.COMPLETE}, "completed", "done"),
        ({"a": Said.COMPLETE, "b": Said.FAIL}, "failed", "failed"),
        ({"a": Said.CANCEL, "b": Said.COMPLETE}, "failed", "failed"),
    ],
)
def test_a_run_ends_when_its_last_subtask_has(state: str, ends: dict[str, Said], status: str, reason: str) -> None:
    made = work({"a": {}, "b": {}})
    STATES[state](made)
    for key, said in ends.items():
        assert not close(made)
        made.do(key, said, retryable=False)
    made.clock.advance(60)
    assert close(made)
    run = made.run
    assert (run.status, run.end_reason, run.finished_at) == (status, reason, NOW + timedelta(seconds=60))
    assert Event.objects.get(run=run, kind=f"run_{status}").data == {"reason": reason}
    assert violations(made.now) == []


def test_a_cancelled_run_whose_work_completed_all_the_same_is_completed() -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    cancel(made)
    made.say(Said.COMPLETE, lease)
    assert close(made)
    assert (made.run.status, made.run.end_reason) == ("completed", "done")


def test_cancelling_cancels_what_waits_and_asks_what_is_under_way() -> None:
    made = work({"a": {}, "b": {}, "c": {"needs": ["a"]}, "d": {}})
    made.begin("a")
    made.do("d", Said.FAIL)
    assert made.run.delayed == 1
    cancel(made)
    assert [made.status(key) for key in "abcd"] == ["in_progress", "cancelled", "cancelled", "cancelled"]
    assert made.subtask("c").error == "the run was cancelled"
    assert (made.run.stopping, made.run.pending, made.run.blocked, made.run.delayed) == (1, 0, 0, 0)
    assert violations(NOW) == []


def test_a_run_begins_once_however_often_it_is_paused() -> None:
    made = work({"x": {}})
    move("start")(made)
    made.clock.advance(10)
    move("pause")(made)
    made.clock.advance(10)
    move("resume")(made)
    assert made.run.started_at == NOW


def test_a_run_that_was_paused_before_it_began_begins_when_it_is_resumed() -> None:
    made = work({"x": {}})
    move("pause")(made)
    made.clock.advance(10)
    move("resume")(made)
    assert made.run.started_at == NOW + timedelta(seconds=10)


def test_a_run_without_a_start_ends_with_one() -> None:
    made = work({"x": {}})
    cancelled(made)
    assert made.run.started_at == made.run.finished_at == NOW


def test_the_attempts_to_stop_are_those_that_were_asked() -> None:
    made = work({"a": {}, "b": {}})
    asked, _ = made.begin("a"), made.begin("b", "agent-2")
    with made.entry() as entry:
        transitions.request_stop(entry, made.subtask("a").pk)
        assert transitions.stopping_attempts(entry) == [asked.attempt]
    made.say(Said.CANCEL, asked)
    with made.entry() as entry:
        assert transitions.stopping_attempts(entry) == []


def test_who_says_why_is_written_down() -> None:
    made = work({"x": {}})
    with made.entry() as entry:
        transitions.move(entry, "pause", by="Ada")
    assert Event.objects.get(run=made.run_id, kind="run_paused").data == {"by": "Ada"}


def test_time_that_a_run_was_paused_with_nobody_at_work_is_kept() -> None:
    made = work({"x": {}})
    move("start")(made)
    made.clock.advance(5)
    move("pause")(made)
    assert (made.run.paused_at, made.run.paused_seconds) == (NOW + timedelta(seconds=5), 0)
    made.clock.advance(10)
    move("resume")(made)
    assert (made.run.paused_at, made.run.paused_seconds) == (None, 10)
    assert violations(made.now) == []


def test_paused_time_begins_when_the_last_attempt_under_way_has_ended() -> None:
    made = work({"x": {}, "y": {}})
    move("start")(made)
    lease = made.begin("x")
    move("pause")(made)
    made.clock.advance(10)
    assert made.run.paused_at is None
    made.say(Said.COMPLETE, lease)
    made.clock.advance(3)
    assert made.run.paused_at == NOW + timedelta(seconds=10)
    move("resume")(made)
    assert made.run.paused_seconds == 3
    assert violations(made.now) == []


def test_paused_time_before_a_run_begins_is_none_of_its_time() -> None:
    made = work({"x": {}})
    move("pause")(made)
    made.clock.advance(10)
    move("resume")(made)
    assert (made.run.paused_at, made.run.paused_seconds) == (None, 0)
    assert violations(made.now) == []


def test_a_run_that_ends_while_it_is_paused_keeps_the_time_it_was() -> None:
    made = work({"x": {}})
    move("start")(made)
    move("pause")(made)
    made.clock.advance(7)
    cancelled(made)
    assert (made.run.paused_at, made.run.paused_seconds, made.run.status) == (None, 7, "cancelled")
    assert violations(made.now) == []


def test_a_baseline_that_lost_an_attempt_tells_nothing() -> None:
    made = work({"x": {}})
    made.sweep()
    made.do("x")
    made.sweep()
    slow = work({"x": {}}, strategy="sequential", baseline_of=made.run)
    slow.sweep()
    slow.do("x", Said.LOSE)
    slow.sweep()
    slow.do("x")
    slow.sweep()
    assert (slow.run.status, slow.run.losses, made.run.baseline_seconds) == ("completed", 1, None)


def test_a_baseline_that_was_paused_tells_how_long_it_took_without_the_pause() -> None:
    made = work({"x": {}})
    end(Said.COMPLETE)(made)
    slow = work({"x": {}, "y": {}}, strategy="sequential", baseline_of=made.run)
    move("start")(slow)
    for key in ("x", "y"):
        lease = slow.begin(key)
        slow.clock.advance(20)
        slow.say(Said.COMPLETE, lease)
        move("pause")(slow)
        slow.clock.advance(100)
        move("resume")(slow)
    assert close(slow)
    assert made.run.baseline_seconds == 40
