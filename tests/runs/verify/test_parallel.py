"""How parallel a run was, and how many agents it takes: what the log does not bear out is found."""

import pytest
from django.db.models import F

from runs import transitions
from runs.engine.adaptive import Step
from runs.models import Event, Run
from runs.reports import Said
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Work:
    """Two at once, then one more; and one agent fewer."""
    there = work({key: {} for key in "abcd"}, adaptive=True)
    there.sweep()
    there.begin("a", "agent-1")
    there.begin("b", "agent-2")
    there.do("c", said=Said.RELEASE)
    with there.entry() as entry:
        transitions.take_agents(entry, Step(4, 3, 1.5, "they slow each other down"))
    run = there.run
    assert (run.peak_open, run.overlapped, run.agents_allowed, violations(NOW)) == (3, 2, 3, [])
    return there


def test_a_peak_that_is_too_low_or_too_high_is_found(made: Work) -> None:
    Run.objects.update(peak_open=2)
    said = f"I30 run {made.run_id} keeps {{}} open attempts at once, and the log has 3 at once of 3"
    assert violations(NOW) == [said.format(2)]
    Run.objects.update(peak_open=4)
    assert violations(NOW) == [said.format(4)]


def test_what_nobody_counted_is_not_held_against_the_log(made: Work) -> None:
    Run.objects.update(peak_open=None)
    assert violations(NOW) == []


@pytest.mark.parametrize("overlapped", [0, 3])
def test_attempts_that_did_not_begin_beside_others_are_found(made: Work, overlapped: int) -> None:
    Run.objects.update(overlapped=overlapped)
    assert violations(NOW) == [
        f"I30 run {made.run_id} keeps {overlapped} attempts begun beside others, of 3 with 3 at once",
    ]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("agents_allowed", 2, "2 of 4 agents after 1 steps"),
        ("agents_allowed", None, "4 of 4 agents after 1 steps"),
        ("agents_steps", 2, "3 of 4 agents after 2 steps"),
    ],
)
def test_a_number_of_agents_that_no_step_led_to_is_found(made: Work, column: str, value: int | None, said: str) -> None:
    Run.objects.update(**{column: value})
    assert violations(NOW) == [f"I31 run {made.run_id} takes {said}, and the log has [3]"]


def test_a_step_of_two_is_found(made: Work) -> None:
    Event.objects.filter(kind="agents_narrowed").update(data={"from": 4, "to": 2})
    Run.objects.update(agents_allowed=F("agents_allowed") - 1)
    assert violations(NOW) == [f"I31 run {made.run_id} takes 2 of 4 agents after 1 steps, and the log has [2]"]
