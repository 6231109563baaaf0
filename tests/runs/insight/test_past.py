"""What past runs gained: which count, their medians, and their kinds."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from runs.insight import past
from runs.models import Run, Subtask
from tests.factories import Api, person, token_of
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def ended(owner: User, seconds: float, **columns: object) -> Scene:
    """Three subtasks at once, each of which takes so long."""
    made = scene(owner, ("a", "b", "c"), max_agents=3)
    made.start("a", "b", "c")
    made.later(seconds)
    made.complete("a", "b", "c")
    if columns:
        Run.objects.filter(pk=made.run_id).update(**columns)
    return made


def test_runs_that_ended_within_the_days_count_newest_first(ada: User) -> None:
    first, second = ended(ada, 10), ended(ada, 10)
    old = ended(ada, 10)
    now = second.now + timedelta(days=1)
    Run.objects.filter(pk=old.run_id).update(finished_at=now - timedelta(days=30, seconds=1))
    scene(ada)
    found = past.past(ada.pk, 30, now)
    assert [line.run.pk for line in found.lines] == [second.run_id, first.run_id]
    assert found.whole.runs == 2


def test_baselines_rollbacks_and_runs_of_others_do_not_count(ada: User) -> None:
    one = ended(ada, 10)
    ended(ada, 10, baseline_of=one.run_id)
    ended(ada, 10, rollback_of=one.run_id)
    ended(person("ben"), 10)
    assert [line.run.pk for line in past.past(ada.pk, 30, one.now + timedelta(days=1)).lines] == [one.run_id]


def test_figures_are_medians_and_a_measured_speedup_counts_for_more(ada: User) -> None:
    ended(ada, 10, theoretical_speedup=3)
    made = ended(ada, 10, baseline_seconds=10)
    found = past.past(ada.pk, 30, made.now + timedelta(days=1))
    assert (found.whole.speedup, found.whole.efficiency_percent, found.whole.overhead_seconds) == (2.0, 100.0, 0.0)
    assert [line.run.pk for line in found.did_not_pay] == [made.run_id]
    assert found.whole.eta is None


def test_a_run_is_of_the_kind_that_most_of_its_subtasks_are_of(ada: User) -> None:
    made, outside = ended(ada, 10), ended(ada, 10)
    Subtask.objects.filter(run=made.run_id, key__in="ab").update(executor={"name": "shell", "command": "ls"})
    Subtask.objects.filter(run=outside.run_id).update(executor=None)
    found = past.past(ada.pk, 30, outside.now + timedelta(days=1))
    assert [(one.kind, one.runs) for one in found.kinds] == [("outside", 1), ("shell", 1)]


def test_without_a_past_nothing_is_known(ada: User) -> None:
    answer = Api(token_of(ada, "viewer")).get("insights/").json()
    assert (answer["runs"], answer["speedup"], answer["eta"], answer["results"]) == (0, None, None, [])


def test_the_answer_has_all_of_it(ada: User) -> None:
    made = ended(ada, 10)
    answer = Api(token_of(ada, "viewer")).get("insights/", days="3650").json()
    assert (answer["days"], answer["runs"], answer["speedup"]) == (3650, 1, 3.0)
    assert answer["kinds"][0]["kind"] == answer["results"][0]["kind"] == "simulate"
    assert answer["results"][0]["run"] == str(made.run_id)


@pytest.mark.parametrize("days", ["0", "3651", "x", "-1"])
def test_days_that_are_none_are_refused(ada: User, days: str) -> None:
    answer = Api(token_of(ada, "viewer")).get("insights/", days=days)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/days")
