"""What is expected to come of a run, as its timeline asks for it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.models import Agent, Run, Subtask
from runs.reading import ahead
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def coming(there: Scene) -> dict[str, tuple[str, float, float]]:
    """By key: the agent's name, start and end in seconds from now."""
    _, found = ahead.of(there.run, there.now)
    names = dict(Agent.objects.values_list("pk", "name"))
    return {one.key: (names.get(one.seat, "nobody yet"), one.start, one.end) for one in found}


@pytest.fixture
def there(ada: User) -> Scene:
    """Two agents, each 4 s into 10; c can begin, d needs it."""
    made = scene(ada, "abcd", {"d": ["c"]}, max_agents=2)
    made.start("a", agent="agent-1")
    made.start("b", agent="agent-2")
    made.later(4)
    return made


def test_what_is_pending_follows_what_is_under_way(there: Scene) -> None:
    found = coming(there)
    assert found["c"][1:] == (6, 16)
    assert found["d"][1:] == (16, 26)
    assert {found["c"][0], found["d"][0]} == {"agent-1", "agent-2"}


def test_it_ends_when_the_run_is_expected_to(there: Scene) -> None:
    Run.objects.update(eta_at=there.now + timedelta(seconds=36))
    assert coming(there)["d"][2] == pytest.approx(6 + 2 * 10 * 36 / 26)


def test_it_is_worked_out_anew_only_when_something_has_happened(
    there: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = there.run
    first = ahead.of(run, there.now)
    with django_assert_num_queries(0):
        assert ahead.of(run, there.now + timedelta(seconds=1)) is first
    there.complete("a")
    assert coming(there)["c"][1] == 0


def test_agents_that_are_to_come_have_no_name_yet(ada: User) -> None:
    made = scene(ada, "ab", max_agents=2)
    made.start("a")
    assert coming(made) == {"b": ("nobody yet", 0, 10)}


def test_of_what_nobody_has_estimated_that_is_expected_which_others_took(there: Scene) -> None:
    Subtask.objects.update(executor={"name": "shell", "command": "true"}, estimated_seconds=None)
    assert coming(there) == {}
    there.complete("a")
    assert coming(there)["c"][1:] == (0, 4)


@pytest.mark.parametrize(
    "columns",
    [
        {"executor": {"name": "approval", "question": "Go on?"}},
        {"executor": None, "mode": "external"},
    ],
)
def test_nothing_is_said_of_what_is_up_to_others(there: Scene, columns: dict) -> None:
    Subtask.objects.filter(key="d").update(**columns)
    assert coming(there) == {}


@pytest.mark.parametrize("columns", [{"status": "paused"}, {"backend": "tracked"}, {"pending": ahead.MOST + 1}])
def test_nothing_is_said_of_runs_that_are_held_or_reported_or_too_large(there: Scene, columns: dict) -> None:
    Run.objects.update(**columns)
    assert coming(there) == {}


def test_behind_a_barrier_all_of_the_phase_before_comes_first(ada: User) -> None:
    made = scene(ada, "abc", phases={"a": 1, "b": 1, "c": 2}, max_agents=3, barriers=True)
    made.start("a", "b")
    assert coming(made)["c"][1] == 10
