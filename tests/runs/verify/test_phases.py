"""A phase that began too early is found, however it came about."""

import pytest

from runs.models import Event, Run, Subtask
from runs.verify import phases
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db

COUNTED = "keeps at_barrier = 2, and there are 1"


@pytest.fixture
def made() -> Work:
    """Phase 1 has ended, phase 2 is under way, one of phase 3 waits for it."""
    there = work({"a": {"phase": 1}, "b": {"phase": 2}, "c": {"phase": 3}}, barriers=True)
    there.do("a")
    there.sweep()
    there.begin("b")
    assert (there.run.phase, there.run.at_barrier, violations(NOW)) == (2, 1, [])
    return there


def test_a_phase_that_began_before_the_last_one_had_ended_is_found(made: Work) -> None:
    Event.objects.filter(kind="phase_begun").update(data={"phase": 3, "after": 2, "barrier": "released"})
    assert violations(NOW) == [
        f"I17 phase 3 of run {made.run_id} began while 1 of phase 2 had not ended",
    ]


def test_a_subtask_that_was_started_before_its_phase_is_found(made: Work) -> None:
    Run.objects.update(phase=1, at_barrier=2)
    Subtask.objects.filter(key="b").update(status="pending", unmet=1)
    found = f"I17 subtask {made.subtask('b').pk} of phase 2 was started, and run {made.run_id} is at phase 1"
    assert found in violations(NOW)


def test_a_miscounted_barrier_is_found(made: Work) -> None:
    Run.objects.update(at_barrier=2)
    assert violations(NOW) == [f"I8 run {made.run_id} {COUNTED}"]


def test_one_that_the_barrier_forgot_is_found(made: Work) -> None:
    Subtask.objects.filter(key="c").update(unmet=0)
    Run.objects.update(blocked=0)
    assert violations(NOW) == [f"I20 subtask {made.subtask('c').pk} says it waits for 0 others and has 0 to wait for"]


def test_each_check_of_phases_has_its_damage_here() -> None:
    assert len(phases.CHECKS) == 2
