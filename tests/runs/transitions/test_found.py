"""An attempt and its subtask as a report finds them."""

import pytest

from runs.transitions.found import look_up, note
from tests.runs.factories import work

pytestmark = pytest.mark.django_db


def test_an_attempt_is_found_with_its_subtask() -> None:
    made = work({"x": {"max_retries": 1, "timeout_seconds": 60, "lane": "execute", "parallelizable": False}})
    lease = made.lease("x")
    with made.entry() as entry:
        found = look_up(entry, {lease.attempt, 999_999})
    (number,) = found
    attempt = found[number]
    assert (number, attempt.attempt, attempt.epoch, attempt.status) == (lease.attempt, lease.attempt, 1, "leased")
    assert (attempt.key, attempt.subtask_epoch, attempt.subtask_status) == ("x", 1, "in_progress")
    assert (attempt.lane, bool(attempt.alone), bool(attempt.last_try)) == ("execute", True, False)
    assert (attempt.attempts_used, attempt.max_retries, attempt.timeout_seconds) == (1, 1, 60)


def test_an_attempt_of_another_run_is_not_found() -> None:
    made, other = work({"x": {}}), work({"x": {}})
    lease = made.lease("x")
    with other.entry() as entry:
        assert look_up(entry, {lease.attempt}) == {}


def test_a_note_names_the_attempt_its_epoch_and_its_agent() -> None:
    made = work({"x": {}})
    lease = made.lease("x")
    with made.entry() as entry:
        note(entry, "progress", look_up(entry, {lease.attempt})[lease.attempt])
        event = entry.events[-1]
    assert event[2:7] == ("progress", lease.pick.subtask, lease.attempt, 1, lease.pick.agent)
