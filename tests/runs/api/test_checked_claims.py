"""What an agent from outside claims to have done, where the subtask has a check: that is made by the server."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.executors.base import Failed, Job, Outcome
from runs.external import checking
from runs.reports import Usage
from tests.factories import Api
from tests.runs.acting import register
from tests.runs.api.outside import Outsider, row, run_of
from tests.servers import until

Says = Callable[..., list[Job]]
CHECKED = {"key": "a", "verify": {"name": "read", "path": "x"}, "max_retries": 1}


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def lease(ada: User, agent: Outsider) -> dict[str, Any]:
    run_of(ada, CHECKED)
    return agent.take()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Makes the check say this; gives the jobs that it was asked with."""

    def say(answer: Outcome | Exception, wait: threading.Event | None = None) -> list[Job]:
        jobs: list[Job] = []

        def run(job: Job) -> Outcome:
            jobs.append(job)
            while wait is not None and not wait.is_set():
                job.check()
                job.wait(0.01)
            if isinstance(answer, Exception):
                raise answer
            return answer

        register(monkeypatch, "read", run)
        return jobs

    return say


@pytest.mark.django_db
def test_what_is_found_good_is_completed_with_the_result_of_the_agent(
    agent: Outsider, lease: dict[str, Any], says: Says
) -> None:
    jobs = says(Outcome("fine", usage=Usage(1, 2, 0.5)))
    answer = agent.say("complete", lease, result={"of": "a"}, output="did it\n")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert [(job.spec, job.inputs) for job in jobs] == [(CHECKED["verify"], {"result": {"of": "a"}})]
    done = row(lease)
    assert (done.subtask.status, done.subtask.result, done.output_bytes) == ("completed", {"of": "a"}, 7)
    assert (done.input_tokens, done.output_tokens, done.cost) == (1, 2, 0.5)
    assert agent.say("complete", lease, result={"of": "a"}).status_code == 200
    assert len(jobs) == 1


@pytest.mark.django_db
def test_what_is_found_bad_fails_the_attempt_and_may_be_tried_again(
    agent: Outsider, lease: dict[str, Any], says: Says
) -> None:
    says(Failed("two tests fail"))
    answer = agent.say("complete", lease, result={"of": "a"})
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    done = row(lease)
    assert (done.error, done.partial_result) == ("not verified: two tests fail", {"of": "a"})
    assert (done.subtask.status, done.subtask.result, done.run.retries) == ("pending", None, 1)


@pytest.mark.django_db
def test_a_check_that_goes_wrong_proves_nothing(agent: Outsider, lease: dict[str, Any], says: Says) -> None:
    says(ZeroDivisionError("oh"))
    agent.say("complete", lease)
    assert row(lease).error == "not verified: ZeroDivisionError: oh"


@pytest.mark.django_db
def test_a_check_by_commands_says_that_there_are_none_where_they_are_off(
    ada: User, agent: Outsider, settings: Any
) -> None:
    settings.SHELL = "off"
    run_of(ada, CHECKED | {"verify": {"name": "shell", "command": "true"}})
    lease = agent.take()
    assert agent.say("complete", lease).json()["status"] == "failed"
    assert row(lease).error.startswith("not verified: ")


@pytest.mark.django_db
def test_another_epoch_is_refused_unchecked(agent: Outsider, lease: dict[str, Any], says: Says) -> None:
    jobs = says(Outcome())
    assert agent.say("complete", lease | {"epoch": 7}).status_code == 409
    assert (jobs, row(lease).status) == ([], "leased")


@pytest.mark.django_db
def test_a_check_is_not_for_many_at_once(agent: Outsider, lease: dict[str, Any], says: Says) -> None:
    jobs = says(Outcome())
    about = {"attempt": lease["attempt"], "epoch": lease["epoch"], "outcome": "complete"}
    [told] = agent.api.post("progress/", {"reports": [about]}).json()["results"]
    assert (told["status"], jobs, row(lease).status) == (422, [], "leased")
    assert "call of its own" in told["detail"]


@pytest.mark.django_db
def test_there_is_an_end_to_how_many_wait(
    agent: Outsider, lease: dict[str, Any], says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST", 0)
    jobs = says(Outcome())
    assert agent.say("complete", lease).status_code == 503
    assert (jobs, row(lease).status) == ([], "running")


# ---- checks that take long ----


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(checking, "ANSWERS_AFTER_SECONDS", 0.05)
    yield
    until(lambda: not checking.under_way(), "nothing is checked any more")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("impatient")
def test_the_answer_comes_before_the_check_is_over(
    api: Api, agent: Outsider, lease: dict[str, Any], says: Says
) -> None:
    go = threading.Event()
    jobs = says(Outcome(), go)
    for _ in range(2):  # it is one claim, however often it is made
        answer = agent.say("complete", lease, result={"of": "a"})
        assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert agent.say("complete", lease, result={"of": "b"}).status_code == 409
    assert api.get(f"runs/{lease['run']}/subtasks/a/").json()["message"] == "being checked"
    go.set()
    until(lambda: row(lease).status == "succeeded", "it is checked")
    assert (row(lease).subtask.result, len(jobs)) == ({"of": "a"}, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("impatient")
def test_the_server_keeps_the_lease_and_a_cancel_ends_the_check(
    api: Api, agent: Outsider, lease: dict[str, Any], says: Says, settings: Any
) -> None:
    settings.HEARTBEAT_SECONDS = 0.05
    says(Outcome(), threading.Event())
    agent.say("complete", lease)
    before = row(lease).last_beat_at
    until(lambda: row(lease).last_beat_at > before, "the lease is renewed")
    api.post(f"runs/{lease['run']}/cancel/")
    until(lambda: row(lease).status == "cancelled", "the check has ended")
    assert row(lease).subtask.status == "cancelled"
