"""How a run ends that agents report by themselves, and what nobody here can do to it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from runs import actions, sweep
from runs.models import Attempt, Run, Subtask
from tests.factories import Api, plant
from tests.runs.tracking.watching import attempts, broken, progress, say, seconds_ago, statuses, sweep_now, tracked
from todos.models import Todo


def test_a_run_stays_open_for_a_while_and_then_it_is_done(api: Api, settings: Settings) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "completed")
    sweep_now()
    assert Run.objects.get().status == "running"
    say(api, run, "b", "completed")
    settings.TRACKED_OPEN_SECONDS = 0
    say(api, run, "b", "completed")
    sweep_now()
    found = Run.objects.get()
    assert (found.status, found.end_reason, found.total) == ("completed", "done", 2)
    assert Todo.objects.get(parent=None).status == "completed"


def test_the_time_it_was_left_open_for_more_is_no_time_of_the_run(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    seconds_ago(run, 40)
    say(api, run, "a", "completed")
    for _ in range(2):
        seconds_ago(run, 20)
        assert progress(api, run)["elapsed_seconds"] == pytest.approx(40, abs=1)
    sweep_now()
    found = Run.objects.get()
    assert (found.status, found.finished_at) == ("completed", found.heard_at)
    assert progress(api, run)["elapsed_seconds"] == pytest.approx(40, abs=1)
    assert broken() == []


def test_a_run_that_nothing_was_reported_of_ends_too(api: Api, settings: Settings) -> None:
    settings.TRACKED_OPEN_SECONDS = 0
    tracked(api)
    sweep_now()
    found = Run.objects.get()
    assert (found.status, found.started_at) == ("completed", found.finished_at)


def test_an_attempt_that_is_silent_is_not_lost(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    assert sweep.overdue(timezone.now() + timedelta(hours=20)) == []
    assert Attempt.objects.get().lease_expires_at is None
    sweep.extend_leases(timezone.now(), timedelta(seconds=60))
    assert Attempt.objects.get().lease_expires_at is None


def test_what_nothing_is_heard_of_for_a_day_is_given_up(api: Api, settings: Settings) -> None:
    run = tracked(api, "a", "b")
    say(api, run, "a", "in_progress")
    sweep_now()
    assert statuses(run)["a"] == "in_progress"
    settings.TRACKED_SILENCE_SECONDS = 0
    sweep_now()
    assert (statuses(run), attempts(run, "a")[0][1]) == ({"a": "failed", "b": "cancelled"}, "lost")
    assert Subtask.objects.get(key="a").error == "nothing was heard for 0 hours"
    assert Run.objects.get().status == "cancelled"


def test_a_run_is_cancelled_and_takes_no_more_reports(api: Api) -> None:
    run = tracked(api, "a", "b")
    say(api, run, "a", "in_progress")
    assert api.post(f"runs/{run}/cancel/").status_code == 200
    say(api, run, "a", "completed")
    assert (statuses(run), Run.objects.get().status) == ({"a": "completed", "b": "cancelled"}, "cancelled")
    late = api.post(f"runs/{run}/reports/", {"reports": [{"key": "c"}]})
    assert (late.status_code, late.json()["current"]) == (409, "cancelled")


def test_an_agent_that_does_not_hear_the_cancel_is_not_waited_for(api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    api.post(f"runs/{run}/cancel/")
    (found,) = sweep.overdue(timezone.now() + timedelta(seconds=16))
    assert (found.said.value, found.error) == ("cancel", "did not answer the cancel in time")


@pytest.mark.parametrize("verb", ["pause", "retry", "baseline"])
def test_nobody_here_steers_what_agents_report(api: Api, verb: str, settings: Settings) -> None:
    settings.TRACKED_OPEN_SECONDS = 0
    run = tracked(api, "a")
    if verb != "pause":
        say(api, run, "a", "failed")
        assert Run.objects.get().status == "failed"
    refused = api.post(f"runs/{run}/{verb}/")
    assert (refused.status_code, "by themselves" in refused.json()["detail"]) == (409, True)


def test_a_dispatched_run_takes_no_reports(ada: User, api: Api) -> None:
    run = actions.start(plant(ada, subtasks=[{"key": "a", "content": "A"}]), actions.Options())
    refused = api.post(f"runs/{run.pk}/reports/", {"reports": [{"key": "a"}]})
    assert (refused.status_code, statuses(run.pk)) == (409, {"a": "pending"})
