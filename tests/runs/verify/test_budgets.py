"""A run that went past its budget, or stopped short of it, is found."""

import pytest

from runs.models import Run
from runs.reports import Said, Usage
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Work:
    there = work({"a": {}, "b": {}, "c": {}}, budget={"tokens": 100})
    there.sweep()
    there.say(Said.COMPLETE, there.begin("a"), usage=Usage(60, 0, 0.0))
    there.sweep()
    assert (there.run.status, violations(NOW)) == ("running", [])
    return there


def test_a_run_that_goes_on_past_its_budget_is_found(made: Work) -> None:
    Run.objects.update(budget={"tokens": 60})
    assert violations(NOW) == [
        f"I9 run {made.run_id} has used up its budget and 2 of its subtasks may still start",
    ]


def test_a_run_that_ended_for_a_budget_it_had_not_reached_is_found(made: Work) -> None:
    made.say(Said.COMPLETE, made.begin("b"), usage=Usage(40, 0, 0.0))
    made.sweep()
    assert (made.run.end_reason, violations(NOW)) == ("budget", [])
    Run.objects.update(budget={"tokens": 101})
    assert violations(NOW) == [f"I9 run {made.run_id} ended for its budget, which is not used up"]
