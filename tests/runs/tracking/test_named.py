"""Reports under the name of a session: they need no run, and find each other's."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from runs.models import Agent, Attempt, Run, Subtask
from tests.factories import Api, pointers, token_of
from tests.runs.tracking.watching import attempts, run_of, seconds_ago, statuses, sweep_now


def told(api: Api, *reports: dict[str, Any], session: str = "queue", **more: Any) -> dict[str, Any]:
    answer = api.post(f"sessions/{session}/reports/", {"reports": list(reports), **more})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def agent(ada: User) -> Api:
    return Api(token_of(ada, "agent"))


def test_the_first_report_makes_the_run_and_all_others_go_into_it(agent: Api) -> None:
    first = told(agent, {"key": "a", "status": "pending", "content": "Send mail"}, content="Mails")
    second = told(agent, {"key": "a", "agent": "w1"}, {"key": "b", "status": "pending"})
    assert first["run"] == second["run"] == str(run_of("queue"))
    assert Run.objects.get().content == "Mails"
    assert statuses(run_of("queue")) == {"a": "in_progress", "b": "pending"}


def test_a_run_that_is_over_is_followed_by_another(agent: Api) -> None:
    old = told(agent, {"key": "a", "status": "completed"})["run"]
    seconds_ago(int(old), 60)
    sweep_now()
    assert Run.objects.get(pk=old).status == "completed"
    new = told(agent, {"key": "b", "status": "completed"})["run"]
    assert new != old
    assert statuses(int(new)) == {"b": "completed"}


def test_a_full_run_is_followed_by_another_and_what_is_under_way_ends_where_it_began(
    agent: Api, settings: Settings
) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    old = told(agent, {"key": "a"}, {"key": "b", "status": "completed"})["run"]
    answer = told(agent, {"key": "c"}, {"key": "a", "status": "completed"}, {"key": "d"})
    assert [one["key"] for one in answer["results"]] == ["c", "a", "d"]
    assert statuses(int(old)) == {"a": "completed", "b": "completed"}
    assert statuses(int(answer["run"])) == {"c": "in_progress", "d": "in_progress"}


def test_two_owners_with_one_name_have_two_runs(agent: Api, eve: User) -> None:
    mine = told(agent, {"key": "a"})["run"]
    hers = told(Api(token_of(eve, "agent")), {"key": "a"})["run"]
    assert mine != hers


def test_a_name_that_is_too_long_is_not_found(agent: Api) -> None:
    answer = agent.post(f"sessions/{'x' * 201}/reports/", {"reports": [{"key": "a"}]})
    assert (answer.status_code, Run.objects.count()) == (404, 0)


# ---- reports that come in another order than they were sent ----


def test_what_is_only_new_says_nothing_of_what_has_begun(agent: Api) -> None:
    told(agent, {"key": "a", "agent": "w1"})
    late = told(agent, {"key": "a", "status": "pending", "content": "Send mail", "only_new": True})
    assert late["results"][0]["outcome"] == "same"
    assert attempts(run_of("queue"), "a") == [("w1", "running")]


def test_whoever_says_that_something_waits_is_no_agent(agent: Api) -> None:
    waits = {"key": "a", "status": "pending", "only_new": True}
    answer = told(agent, waits, {"key": "a", "agent": "w1"}, waits)
    assert [one["outcome"] for one in answer["results"]] == ["accepted"] * 3
    assert list(Agent.objects.values_list("name", flat=True)) == ["w1"]
    assert attempts(run_of("queue"), "a") == [("w1", "running")]


def test_only_the_agent_that_is_at_it_hands_it_back(agent: Api) -> None:
    told(agent, {"key": "a", "agent": "w1"}, {"key": "a", "agent": "w2"})
    late = told(agent, {"key": "a", "agent": "w1", "status": "pending"})
    assert late["results"][0]["outcome"] == "ignored"
    assert attempts(run_of("queue"), "a") == [("w1", "cancelled"), ("w2", "running")]
    told(agent, {"key": "a", "agent": "w2", "status": "pending", "message": "again: no route"})
    row = Subtask.objects.get(key="a")
    assert (row.status, row.error) == ("pending", "again: no route")


# ---- reports that come late ----


def test_work_took_as_long_as_its_agent_says_however_late_that_comes(agent: Api) -> None:
    told(agent, {"key": "first"})
    run = run_of("queue")
    seconds_ago(run, 60)
    told(
        agent,
        {"key": "a", "agent": "w1", "ago_seconds": 9},
        {"key": "a", "agent": "w1", "ago_seconds": 5, "status": "completed"},
        {"key": "b", "agent": "w2", "ago_seconds": 8},
        {"key": "b", "agent": "w2", "ago_seconds": 1, "status": "failed"},
    )
    took = {one.subtask.key: (one.finished_at - one.leased_at).seconds for one in ended(run)}
    assert took == {"a": 4, "b": 7}
    row = Run.objects.get(pk=run)
    assert (row.peak_open, row.busy_ended) == (None, 11.0)


def test_agents_that_came_one_after_the_other_in_late_reports_may_have_been_at_work_together(agent: Api) -> None:
    for number in range(6):
        about = {"key": f"k{number}", "agent": f"w{number}"}
        told(agent, about | {"ago_seconds": 2}, about | {"ago_seconds": 1, "status": "completed"})
    assert Run.objects.get().max_agents == 6


def test_nothing_happened_before_its_run_began_or_ended_before_it_began(agent: Api) -> None:
    told(agent, {"key": "first"})
    run = run_of("queue")
    told(agent, {"key": "a", "ago_seconds": 900}, {"key": "a", "ago_seconds": 1_000, "status": "completed"})
    (one,) = ended(run)
    assert one.finished_at == one.leased_at == Run.objects.get(pk=run).started_at


def test_a_time_to_come_is_refused(agent: Api) -> None:
    answer = agent.post("sessions/queue/reports/", {"reports": [{"key": "a", "ago_seconds": -1}]})
    assert (answer.status_code, pointers(answer)) == (422, ["/reports/0/ago_seconds"])


def ended(run: int) -> list[Any]:
    return list(Attempt.objects.filter(run=run, finished_at__isnull=False).select_related("subtask"))
