"""Subtasks without an executor, which only an agent from outside can take: they are counted as what waits for one."""

from collections.abc import Callable

import pytest

from runs import loop, queries, transitions
from runs.claims import waits
from runs.engine import states
from runs.models import Run
from runs.reports import Said
from tests.runs.factories import Outline, Work, violations, work

pytestmark = pytest.mark.django_db
OUTSIDE = {"executor": None}


def waiting_for(made: Work) -> dict[str, int]:
    """What pending subtasks wait for, as everybody is shown it; and nothing kept is wrong."""
    assert violations(made.now) == []
    found: dict[str, int] = queries.snapshot(made.run_id, made.now)["waiting"]
    subtasks = list(queries.shown(made.run_id))
    words = [one.word for one in waits.of(made.run, subtasks).values()]
    assert found == {word: words.count(word) for word in set(words)}, "the counters and the rows agree"
    return found


def test_it_is_counted_from_the_start() -> None:
    made = work({"a": OUTSIDE, "b": OUTSIDE, "c": {}, "d": {**OUTSIDE, "needs": ["a"]}})
    assert waiting_for(made) == {"agent": 2, "capacity": 1, "dependency": 1}


def test_it_is_counted_when_what_it_needs_is_done() -> None:
    made = work(
        {"a": {}, "b": {**OUTSIDE, "needs": ["a"]}, "c": {"needs": ["a"]}, "d": {**OUTSIDE, "needs": ["a", "c"]}}
    )
    made.do("a")
    assert waiting_for(made) == {"agent": 1, "capacity": 1, "dependency": 1}


def test_in_a_paused_run_it_waits_for_that() -> None:
    made = work({"a": OUTSIDE, "b": {}})
    with made.entry() as entry:
        transitions.move(entry, "pause")
    assert waiting_for(made) == {"paused": 2}


def test_it_is_counted_no_more_once_an_agent_has_it() -> None:
    made = work({"a": OUTSIDE, "b": OUTSIDE})
    lease = made.begin("a")
    assert waiting_for(made) == {"agent": 1}
    made.say(Said.COMPLETE, lease)
    assert waiting_for(made) == {"agent": 1}


@pytest.mark.parametrize("said", [Said.RELEASE, Said.LOSE])
def test_it_is_counted_again_when_it_comes_back_at_once(said: Said) -> None:
    made = work({"a": OUTSIDE})
    made.do("a", said)
    assert waiting_for(made) == {"agent": 1}


def test_while_it_waits_for_another_try_it_waits_for_nobody() -> None:
    made = work({"a": OUTSIDE})
    made.do("a", Said.FAIL, error="it broke")
    assert waiting_for(made) == {"retry": 1}
    made.clock.advance(60)
    with made.entry() as entry:
        transitions.undelay(entry)
    assert waiting_for(made) == {"agent": 1}


READY: Outline = {"a": OUTSIDE, "b": {**OUTSIDE, "needs": ["a"]}, "c": OUTSIDE}


def delayed() -> Work:
    made = work(READY)
    made.do("a", Said.FAIL, error="it broke")
    return made


@pytest.mark.parametrize("make", [lambda: work(READY), delayed], ids=["ready", "waits for another try"])
def test_it_is_counted_no_more_when_it_is_cancelled(make: Callable[[], Work]) -> None:
    made = make()
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("a").pk, "it was cancelled")
    assert (made.status("b"), waiting_for(made)) == ("skipped", {"agent": 1})


def test_one_that_needs_others_was_not_counted_when_it_is_cancelled() -> None:
    made = work(READY)
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("b").pk, "it was cancelled")
    assert waiting_for(made) == {"agent": 2}


@pytest.mark.parametrize("make", [lambda: work(READY), delayed], ids=["ready", "waits for another try"])
def test_none_is_left_when_the_run_is_cancelled(make: Callable[[], Work]) -> None:
    made = make()
    with made.entry() as entry:
        transitions.request_cancel(entry)
        loop.run_pass(entry, None)
    assert (made.run.status, made.run.outside, waiting_for(made)) == (states.Run.CANCELLED, 0, {})


def test_none_is_left_when_a_failure_ends_the_run() -> None:
    made = work({**READY, "broken": {"max_retries": 0}}, fail_fast=True)
    made.do("broken", Said.FAIL, error="it broke", retryable=False)
    with made.entry() as entry:
        loop.run_pass(entry, None)
    assert (made.run.status, made.run.outside, waiting_for(made)) == (states.Run.FAILED, 0, {})


def test_a_count_that_is_wrong_is_found() -> None:
    made = work(READY)
    Run.objects.filter(pk=made.run_id).update(outside=1)
    (found,) = violations(made.now)
    assert found == f"I8 run {made.run_id} keeps outside = 1, and there are 2"
