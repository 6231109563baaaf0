import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from dashboard.pages import rows
from runs import queries
from runs.models import Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def row(there: Scene, key: str) -> rows.SubtaskRow:
    return rows.of(there.run, [there.subtask(key)], there.now)[0]


def test_time_counts_on_while_it_runs_and_stands_when_it_has_ended(ada: User) -> None:
    there = scene(ada, "ab", max_agents=2, seconds=14)
    assert "~14 s" in row(there, "b").time
    there.start("a")
    there.later(6.5)
    assert 'data-tick="elapsed"' in row(there, "a").time
    assert ">6 s<" in row(there, "a").time
    there.complete("a")
    assert row(there, "a").time == "6.5 s"


def test_time_that_nobody_knows_is_a_dash(ada: User) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(estimated_seconds=None, executor=None)
    assert row(there, "a").time == "–"


def test_a_row_names_the_agent_that_has_it(ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a", agent="impl-1")
    assert (row(there, "a").agent, row(there, "b").agent) == ("impl-1", "")


def test_rows_take_the_same_queries_for_two_and_for_fifty(
    ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 50):
        keys = [f"k{at}" for at in range(number)]
        there = scene(ada, [*keys, "last"], {"last": [keys[0]]}, max_agents=50)
        there.start(*keys[: number // 2])
        run = there.run
        subtasks = list(queries.shown(run.pk))
        with django_assert_max_num_queries(4):
            assert len(rows.of(run, subtasks, there.now)) == number + 1


def test_what_is_tried_again_counts_from_its_try_under_way(ada: User) -> None:
    there = scene(ada, "a", seconds=14)
    there.start("a")
    there.later(100)
    there.lose("a")
    there.later(10)
    there.start("a", agent="agent-2")
    there.later(4)
    found = row(there, "a")
    assert ">4 s<" in found.time
    assert "about 10 s left of 14 s" in found.reason
