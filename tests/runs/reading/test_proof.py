import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.models import Run, Subtask
from runs.reading import proof
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def moving(ada: User) -> Scene:
    there = scene(ada, "abcdef", {"f": ["b"]}, max_agents=3)
    there.start("a", agent="agent-1")
    there.start("b", agent="agent-2")
    there.start("c", agent="agent-1")
    there.complete("a")
    there.fail("b")
    return there


def test_what_is_kept_equals_what_is_counted(moving: Scene) -> None:
    found = proof.prove(moving.run_id)
    assert found.differing == []
    assert found.kept["completed"] == found.counted["completed"] == 1
    assert found.kept["skipped"] == 1
    assert found.kept["agents_active"] == 1
    assert found.seq == found.counted["events"] == moving.run.last_seq


def test_a_counter_that_is_wrong_is_named(moving: Scene) -> None:
    Run.objects.filter(pk=moving.run_id).update(completed=2, agents_active=3)
    assert proof.prove(moving.run_id).differing == ["completed", "agents_active"]


def test_a_row_that_was_changed_behind_its_back_shows(moving: Scene) -> None:
    Subtask.objects.filter(run=moving.run_id, key="d").update(status="completed")
    assert proof.prove(moving.run_id).differing == ["completed", "pending"]


def test_an_unknown_run_cannot_be_proved() -> None:
    with pytest.raises(Run.DoesNotExist):
        proof.prove(1)


def test_proving_takes_four_queries_at_any_size(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in (2, 50):
        there = scene(ada, [f"k{at}" for at in range(number)])
        with django_assert_num_queries(4):
            proof.prove(there.run_id)
