"""The table of transitions is closed: what it leads to it names, and what has ended stays ended."""

import pytest

from runs.engine import states
from runs.engine.states import ATTEMPT_OPEN, RUN_TERMINAL, RUN_VERBS, TERMINAL, VERBS, Attempt, Run, Status


def test_no_verb_starts_from_a_subtask_that_has_ended() -> None:
    assert not [name for name, verb in VERBS.items() if verb.subtask_from & TERMINAL]


def test_no_verb_starts_from_an_attempt_that_has_ended() -> None:
    assert not [name for name, verb in VERBS.items() if verb.attempt_from and verb.attempt_from - ATTEMPT_OPEN]


def test_no_verb_starts_from_a_run_that_has_ended() -> None:
    assert not [name for name, (sources, _) in RUN_VERBS.items() if sources & RUN_TERMINAL]


@pytest.mark.parametrize("status", sorted(Status))
def test_every_state_of_a_subtask_is_reached_from_pending(status: Status) -> None:
    reached = {Status.PENDING}
    for _ in Status:
        reached |= {verb.subtask_to for verb in VERBS.values() if verb.subtask_to and verb.subtask_from & reached}
    assert status in reached


@pytest.mark.parametrize("status", sorted(Attempt))
def test_every_state_of_an_attempt_is_reached_from_a_lease(status: Attempt) -> None:
    reached = {VERBS["lease"].attempt_to}
    for _ in Attempt:
        reached |= {verb.attempt_to for verb in VERBS.values() if verb.attempt_from and verb.attempt_from & reached}
    assert status in reached


@pytest.mark.parametrize("status", sorted(Run))
def test_every_state_of_a_run_is_reached_from_pending(status: Run) -> None:
    reached = {Run.PENDING}
    for _ in Run:
        reached |= {target for sources, target in RUN_VERBS.values() if sources & reached}
    assert status in reached


@pytest.mark.parametrize("name", sorted(VERBS))
def test_only_a_lease_makes_an_attempt_and_it_takes_a_pending_subtask(name: str) -> None:
    verb = VERBS[name]
    makes_one = verb.attempt_from is None and verb.attempt_to is not None
    assert makes_one == (name == "lease") == (verb.attempt_to == Attempt.LEASED)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_a_subtask_leaves_progress_exactly_when_its_attempt_ends(name: str) -> None:
    verb = VERBS[name]
    leaves = verb.subtask_from == {Status.IN_PROGRESS} and verb.subtask_to is not None
    ends = verb.attempt_to is not None and verb.attempt_to not in ATTEMPT_OPEN
    assert leaves == ends


def test_a_subtask_completes_by_success_or_by_being_carried_over() -> None:
    ways = {name for name, verb in VERBS.items() if verb.subtask_to == Status.COMPLETED}
    assert ways == {"complete", "carry_over"}
    assert [name for name, verb in VERBS.items() if verb.attempt_to == Attempt.SUCCEEDED] == ["complete"]


@pytest.mark.parametrize(
    ("failed", "cancelled", "asked", "status"),
    [
        (0, 0, False, Run.COMPLETED),
        (0, 0, True, Run.COMPLETED),  # the cancel came when all was done
        (1, 0, False, Run.FAILED),
        (0, 1, False, Run.FAILED),  # one subtask was cancelled, not the run
        (1, 1, False, Run.FAILED),
        (0, 1, True, Run.CANCELLED),
        (1, 0, True, Run.CANCELLED),
        (1, 1, True, Run.CANCELLED),
    ],
)
def test_a_run_ends_as_its_subtasks_and_its_cancel_say(failed: int, cancelled: int, asked: bool, status: Run) -> None:
    assert states.closing_status(failed=failed, cancelled=cancelled, cancel_requested=asked) is status
