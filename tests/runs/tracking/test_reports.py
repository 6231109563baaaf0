"""Agents that report by themselves: what their words make of subtasks, and of the run."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from runs.models import Agent, Attempt, Event, Run, Subtask
from tests.factories import Api, plant, token_of
from tests.runs.tracking.watching import (
    attempts,
    progress,
    report,
    say,
    seconds_ago,
    statuses,
    tracked,
)
from todos.models import Todo

# ---- making a run ----


def test_todo_and_run_are_made_in_one_call(api: Api) -> None:
    body = {"content": "Nightly", "backend": "tracked", "subtasks": [{"key": "a", "content": "A"}, {"content": "B"}]}
    answer = api.post("runs/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["content"], made["backend"], made["counts"]["total"]) == ("Nightly", "tracked", 2)
    assert Todo.objects.get(pk=made["todo"]).counts["total"] == 2


def test_an_embedded_run_is_made_in_one_call_too(api: Api) -> None:
    made = api.post("runs/", {"content": "Wait", "subtasks": [{"content": "W", "executor": {"name": "simulate"}}]})
    assert (made.status_code, made.json()["backend"]) == (201, "embedded")


def test_an_agent_makes_tracked_runs_and_no_others(ada: User) -> None:
    agent = Api(token_of(ada, "agent"))
    run = tracked(agent, "a")
    assert agent.get(f"runs/{run}/").status_code == 200
    refused = agent.post("runs/", {"content": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, "/backend")
    assert Run.objects.count() == Todo.objects.filter(parent=None).count() == 1


def test_an_agent_puts_no_command_into_its_run(ada: User) -> None:
    subtask = {"content": "x", "executor": {"name": "shell", "command": "ls"}}
    refused = Api(token_of(ada, "agent")).post("runs/", {"content": "x", "backend": "tracked", "subtasks": [subtask]})
    assert (refused.status_code, Run.objects.count(), Todo.objects.count()) == (403, 0, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("fail_fast", True), ("barriers", True), ("budget", {"cost": 1}), ("lanes", {"query": {"concurrency": 1}})],
)
def test_nothing_holds_back_what_agents_report(api: Api, name: str, value: Any) -> None:
    refused = api.post("runs/", {"content": "x", "backend": "tracked", name: value})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{name}")
    assert (Run.objects.count(), Todo.objects.count()) == (0, 0)


def test_a_run_without_subtasks_has_those_that_are_reported(api: Api) -> None:
    run = tracked(api)
    assert progress(api, run)["total"] == 0
    say(api, run, "step", "in_progress", content="The first step")
    assert statuses(run) == {"step": "in_progress"}
    child = Todo.objects.get(key="step")
    assert (child.content, child.parent_id) == ("The first step", Run.objects.get(pk=run).todo_id)


def test_a_todo_can_be_tracked_as_it_stands(ada: User, api: Api) -> None:
    todo = plant(ada, subtasks=[{"key": "a", "content": "A", "executor": {"name": "simulate"}}])
    run = api.post(f"todos/{todo.pk}/run/", {"backend": "tracked"}).json()["id"]
    say(api, run, "a", "completed")
    assert Subtask.objects.get(run=run).executor is None


# ---- what a report does ----


@pytest.mark.parametrize(
    ("words", "ends", "tries"),
    [
        (["in_progress"], "in_progress", [("a1", "running")]),
        (["in_progress", "in_progress"], "in_progress", [("a1", "running")]),
        (["in_progress", "completed"], "completed", [("a1", "succeeded")]),
        (["in_progress", "failed"], "failed", [("a1", "failed")]),
        (["in_progress", "cancelled"], "cancelled", [("a1", "cancelled")]),
        (["in_progress", "pending"], "pending", [("a1", "cancelled")]),
        (["in_progress", "pending", "in_progress"], "in_progress", [("a1", "cancelled"), ("a1", "running")]),
        (["completed"], "completed", [("a1", "succeeded")]),
        (["failed"], "failed", [("a1", "failed")]),
        (["cancelled"], "cancelled", []),
        (["pending"], "pending", []),
        (["completed", "in_progress"], "completed", [("a1", "succeeded")]),
        (["failed", "completed"], "failed", [("a1", "failed")]),
        (["completed", "completed"], "completed", [("a1", "succeeded")]),
    ],
)
def test_subtasks_go_where_reports_say(api: Api, words: list[str], ends: str, tries: list[tuple[str, str]]) -> None:
    run = tracked(api, "a")
    for word in words:
        say(api, run, "a", word, agent="a1")
    assert (statuses(run)["a"], attempts(run, "a")) == (ends, tries)


def test_what_has_ended_is_never_opened_again_and_the_answer_says_so(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "completed")
    refused = say(api, run, "a", "in_progress")
    assert (refused["status"], refused["outcome"], refused["subtask_status"]) == (409, "refused", "completed")
    assert "never opened again" in refused["detail"]


def test_one_refused_report_does_not_stop_the_others(api: Api) -> None:
    run = tracked(api, "a", "b")
    say(api, run, "a", "completed")
    results = report(api, run, {"key": "a", "status": "failed"}, {"key": "b"}, {"key": "a", "status": "completed"})
    assert [one["outcome"] for one in results] == ["refused", "accepted", "same"]
    assert statuses(run) == {"a": "completed", "b": "in_progress"}


def test_many_reports_about_one_subtask_count_in_their_order(api: Api) -> None:
    run = tracked(api)
    words = ["in_progress", "pending", "in_progress", "completed"]
    results = report(api, run, *({"key": "a", "status": word} for word in words))
    assert [one["outcome"] for one in results] == ["accepted"] * 4
    assert statuses(run) == {"a": "completed"}


def test_progress_and_message_are_shown_and_logged(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress", progress=0.25, message="reading")
    say(api, run, "a", "in_progress", progress=0.5)
    found = api.get(f"runs/{run}/subtasks/a/").json()
    assert (found["progress"], found["message"]) == (0.5, "reading")
    assert Event.objects.filter(run=run, kind="progress").count() == 2


def test_the_result_the_error_and_the_usage_are_kept(api: Api) -> None:
    run = tracked(api, "a", "b")
    say(api, run, "a", "completed", result={"found": 3}, usage={"input_tokens": 7, "output_tokens": 5, "cost": 0.5})
    say(api, run, "b", "failed", message="no such file")
    found = api.get(f"runs/{run}/subtasks/a/").json()
    assert (found["result"], found["attempts"][0]["usage"]["cost"]) == ({"found": 3}, 0.5)
    assert api.get(f"runs/{run}/subtasks/b/").json()["error"] == "no such file"
    assert api.get(f"runs/{run}/").json()["usage"] == {"input_tokens": 7, "output_tokens": 5, "cost": 0.5}


def test_another_name_for_a_subtask_is_taken_over_by_its_todo(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress", content="Do it well")
    assert Subtask.objects.get(run=run).content == Todo.objects.get(key="a").content == "Do it well"
    assert Event.objects.get(run=run, kind="renamed").data == {"from": "Do a", "to": "Do it well"}


def test_what_should_have_waited_has_begun_when_its_agent_says_so(api: Api) -> None:
    needs = [{"key": "a", "content": "A"}, {"key": "b", "content": "B", "depends_on": ["a"]}]
    run = tracked(api, subtasks=needs)
    assert progress(api, run)["waiting"] == {"agent": 1, "dependency": 1}
    say(api, run, "b", "in_progress")
    say(api, run, "a", "failed")
    say(api, run, "b", "completed")
    assert statuses(run) == {"a": "failed", "b": "completed"}


def test_the_failure_of_one_skips_nobody(api: Api) -> None:
    needs = [{"key": "a", "content": "A"}, {"key": "b", "content": "B", "depends_on": ["a"]}]
    run = tracked(api, subtasks=needs)
    say(api, run, "a", "cancelled")
    assert statuses(run)["b"] == "pending"


# ---- agents ----


def test_the_figures_are_those_of_dispatched_work(api: Api) -> None:
    run = tracked(api, "a", "b", "c")
    report(api, run, {"key": "a", "agent": "a1"}, {"key": "b", "agent": "a2"})
    seconds_ago(run, 10)
    Run.objects.filter(pk=run).update(open_started_sum=0)  # both began when the run was made
    found = progress(api, run)
    assert (found["agents_active"], found["in_progress"], found["pending"]) == (2, 2, 1)
    assert found["busy_seconds"] == pytest.approx(20, abs=2)
    report(api, run, {"key": "a", "status": "completed"}, {"key": "b", "status": "completed"})
    found = progress(api, run)
    assert (found["agents_active"], found["completed"]) == (0, 2)
    assert found["busy_seconds"] == pytest.approx(20, abs=2)
    assert found["speedup"] == pytest.approx(2, abs=0.2)
    Event.objects.filter(run=run).update(at=timezone.now())


def test_an_agent_is_made_once_for_each_name_of_a_token(ada: User) -> None:
    first, second = Api(token_of(ada, "agent")), Api(token_of(ada, "agent"))
    for api in (first, second):
        run = tracked(api, "a", "b")
        report(api, run, {"key": "a", "agent": "a1"}, {"key": "b", "agent": "a1"})
    assert list(Agent.objects.values_list("name", "kind")) == [("a1", "reported")] * 2


def test_whoever_does_not_name_itself_has_the_name_of_its_token(ada: User) -> None:
    api = Api(token_of(ada, "agent"))
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    assert attempts(run, "a") == [("ada's agent", "running")]


def test_another_agent_takes_over(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress", agent="a1")
    say(api, run, "a", "in_progress", agent="a2")
    say(api, run, "a", "completed")
    assert attempts(run, "a") == [("a1", "cancelled"), ("a2", "succeeded")]


def test_an_agent_of_the_servers_own_cannot_be_named(ada: User, api: Api) -> None:
    Agent.objects.create(name="worker-1")
    run = tracked(api, "a")
    person = Api(None)
    person.client.force_login(ada)
    person.client.cookies["abreast_csrf_8000"] = "a" * 32
    person.headers = {"X-CSRFToken": "a" * 32}
    answer = person.post(f"runs/{run}/reports/", {"reports": [{"key": "a", "agent": "worker-1"}]})
    assert (answer.status_code, statuses(run)["a"]) == (422, "pending")


def test_more_agents_than_are_taken_change_nothing(api: Api, settings: Settings) -> None:
    settings.TRACKED_MAX_AGENTS = 2
    run = tracked(api)
    body = {"reports": [{"key": f"k{at}", "agent": f"a{at}"} for at in range(3)]}
    assert api.post(f"runs/{run}/reports/", body).status_code == 422
    assert (statuses(run), Agent.objects.count()) == ({}, 0)


# ---- clocks, and reports that come late ----


def test_a_report_older_than_the_last_of_its_reporter_is_ignored_and_says_so(api: Api) -> None:
    run = tracked(api, "a", "b")
    say(api, run, "a", "in_progress", agent="a1", at="2026-01-01T12:00:05Z")
    old = say(api, run, "a", "completed", agent="a1", at="2026-01-01T12:00:04Z")
    assert (old["status"], old["outcome"], old["subtask_status"]) == (200, "ignored", "in_progress")
    assert "older" in old["detail"]
    assert say(api, run, "b", "completed", agent="a1", at="2026-01-01T12:00:04Z")["outcome"] == "accepted"
    assert say(api, run, "a", "completed", agent="a2", at="2026-01-01T12:00:04Z")["outcome"] == "accepted"


def test_the_same_time_is_not_older(api: Api) -> None:
    run = tracked(api, "a")
    for word in ("in_progress", "completed"):
        assert say(api, run, "a", word, at="2026-01-01T12:00:00+02:00")["outcome"] == "accepted"


def test_a_clock_that_is_far_off_changes_no_time_of_ours(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress", at="9999-12-31T23:59:59Z")
    attempt = Attempt.objects.get()
    assert abs(timezone.now() - attempt.leased_at) < timedelta(minutes=1)


# ---- what is wrong ----


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"key": "a b"}, "/reports/0/key"),
        ({"key": "x" * 65}, "/reports/0/key"),
        ({"status": "completed"}, "/reports/0/key"),
        ({"key": "a", "status": "done"}, "/reports/0/status"),
        ({"key": "a", "progress": 1.5}, "/reports/0/progress"),
        ({"key": "a", "agent": "  "}, "/reports/0/agent"),
        ({"key": "a", "agent": "x" * 201}, "/reports/0/agent"),
        ({"key": "a", "content": ""}, "/reports/0/content"),
        ({"key": "a", "at": "yesterday"}, "/reports/0/at"),
        ({"key": "a", "at": 5}, "/reports/0/at"),
        ({"key": "a", "usage": {"cost": -1}}, "/reports/0/usage/cost"),
        ({"key": "a", "epoch": 1}, "/reports/0/epoch"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(api: Api, wrong: dict[str, Any], pointer: str) -> None:
    run = tracked(api, "a")
    answer = api.post(f"runs/{run}/reports/", {"reports": [wrong]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert statuses(run) == {"a": "pending"}


@pytest.mark.parametrize("number", [0, 1_001])
def test_a_batch_has_one_to_a_thousand_reports(api: Api, number: int) -> None:
    run = tracked(api)
    answer = api.post(f"runs/{run}/reports/", {"reports": [{"key": f"k{at}"} for at in range(number)]})
    assert (answer.status_code, statuses(run)) == (422, {})


def test_more_subtasks_than_a_run_may_have_change_nothing(api: Api, settings: Settings) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    run = tracked(api, "a", "b")
    answer = api.post(f"runs/{run}/reports/", {"reports": [{"key": "a"}, {"key": "c"}, {"key": "d"}]})
    assert (answer.status_code, statuses(run)) == (422, {"a": "pending", "b": "pending"})


def test_the_run_of_another_agent_is_not_there(ada: User) -> None:
    run = tracked(Api(token_of(ada, "agent")), "a")
    answer = Api(token_of(ada, "agent")).post(f"runs/{run}/reports/", {"reports": [{"key": "a"}]})
    assert (answer.status_code, statuses(run)) == (404, {"a": "pending"})


def test_the_same_request_again_has_one_effect(api: Api) -> None:
    run = tracked(api)
    body = {"reports": [{"key": "a", "status": "in_progress", "message": "reading"}]}
    first = api.post(f"runs/{run}/reports/", body, Idempotency_Key="one")
    again = api.post(f"runs/{run}/reports/", body, Idempotency_Key="one")
    assert again.content == first.content
    assert (again["Idempotent-Replay"], Event.objects.filter(kind="progress").count()) == ("true", 1)
