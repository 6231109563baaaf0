from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from runs.models import Agent, Run
from runs.reading import activity
from tests.scenes import NOON, Scene, scene
from tests.silent import lost_work

pytestmark = pytest.mark.django_db


def test_runs_under_way_are_ones_own_and_come_newest_first(ada: User, eve: User) -> None:
    first, second = scene(ada, content="first"), scene(ada, content="second")
    scene(eve)
    ended = scene(ada, "a")
    ended.start("a")
    ended.complete("a")
    assert [run.pk for run in activity.unended(ada.pk)] == [second.run_id, first.run_id]


def test_runs_that_ended_last_come_first(ada: User) -> None:
    made = [scene(ada, "a") for _ in range(3)]
    for there, seconds in zip(made, (30, 10, 20)):
        there.start("a")
        there.later(seconds)
        there.complete("a")
    found = activity.ended_lately(ada.pk, 2)
    assert [run.pk for run in found] == [made[0].run_id, made[2].run_id]


def test_completions_are_those_of_the_last_events(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    there = scene(ada, "abc", max_agents=3)
    there.start("a", "b", "c")
    there.complete("a")
    there.later(5)
    there.fail("b")
    there.complete("c")
    assert activity.completions([there.run]) == {
        there.run_id: [there.now - timedelta(seconds=5), there.now],
    }
    monkeypatch.setattr(activity, "RECENT_EVENTS", 2)
    assert activity.completions([there.run]) == {there.run_id: [there.now]}


def test_completions_take_one_query_for_all_runs(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in (2, 8):
        runs = [scene(ada).run for _ in range(number)]
        with django_assert_num_queries(1):
            activity.completions(runs)


def test_agents_keep_their_places_and_say_what_they_do(ada: User) -> None:
    there = scene(ada, "abc", max_agents=3)
    there.start("a", agent="agent-10")
    there.start("b", agent="agent-2")
    there.start("c", agent="agent-1")
    there.complete("c")
    found = activity.agents([there.run_id], 10, there.now)
    doing = [(agent.name, agent.completed, agent.attempt and agent.attempt.subtask.key) for agent in found]
    assert doing == [("agent-1", 1, None), ("agent-2", 0, "b"), ("agent-10", 0, "a")]
    shown = activity.agents([there.run_id], 2, there.now)
    assert [agent.name for agent in shown] == ["agent-2", "agent-10"]


def test_an_agent_that_fell_silent_is_lost_and_one_that_retired_is_gone(ada: User) -> None:
    there = lost_work(ada)
    now = timezone.now()
    [impl] = activity.agents([there.run_id], 10, now)
    assert impl.lost is not None and (now - impl.lost).total_seconds() > 60
    [heard] = activity.agents([there.run_id], 10, now - timedelta(seconds=90))
    assert heard.lost is None
    Agent.objects.update(retired_at=now)
    assert activity.agents([there.run_id], 10, now) == []


# ---- who is at work ----


def names_at_work(there: Scene) -> set[str]:
    found = activity.at_work([there.run], there.now)[there.run_id]
    return set(Agent.objects.filter(pk__in=found).values_list("name", flat=True))


def test_whoever_has_just_ended_something_is_at_work_while_there_is_more(ada: User) -> None:
    there = scene(ada, "abc", max_agents=2)
    there.start("a", agent="one")
    there.start("b", agent="two")
    there.complete("a")
    assert names_at_work(there) == {"one", "two"}
    there.later(1)
    assert names_at_work(there) == {"one", "two"}
    there.later(0.1)
    assert names_at_work(there) == {"two"}


def test_nobody_is_at_work_when_nothing_can_start(ada: User) -> None:
    there = scene(ada, "abc", {"c": ["b"]}, max_agents=2)
    there.start("a", agent="one")
    there.start("b", agent="two")
    there.complete("a")
    assert names_at_work(there) == {"two"}  # c needs b: there is nothing to do for one


def test_nobody_is_at_work_in_a_run_that_is_held(ada: User) -> None:
    there = scene(ada, "abc", max_agents=2)
    there.start("a")
    there.complete("a")
    Run.objects.update(status="paused")
    assert names_at_work(there) == set()


def test_who_is_at_work_is_one_query_for_all_runs(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in (2, 8):
        runs = [scene(ada).run for _ in range(number)]
        with django_assert_num_queries(1):
            assert activity.at_work(runs, NOON) == {run.pk: set() for run in runs}


def test_an_agent_in_two_runs_is_shown_once_with_all_its_work(ada: User) -> None:
    one, two = scene(ada, "a"), scene(ada, "bc")
    one.start("a")
    one.complete("a")
    two.start("b")
    two.complete("b")
    two.start("c")
    Run.objects.filter(pk=one.run_id).update(status="running", finished_at=None)
    (agent,) = activity.agents([one.run_id, two.run_id], 10, NOON)
    assert agent.attempt is not None
    assert agent.attempt.subtask.key == "c"
    assert agent.completed == 2


def test_agents_take_two_queries_however_many_there_are(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    there: Scene = scene(ada, [f"k{at}" for at in range(30)], max_agents=30)
    for number in range(30):
        there.start(f"k{number}", agent=f"agent-{number}")
    with django_assert_num_queries(2):
        found = activity.agents([there.run_id], 24, NOON)
        assert len(found) == 24
        assert all(agent.attempt and agent.attempt.subtask.content for agent in found)
