"""Leases over REST: who gets what, in which order, and what a lease says."""

import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from runs import actions, announce
from runs.models import Run, Subtask
from tests.factories import Api, plant, pointers, token_of
from tests.runs.api.outside import Outsider, row, run_of
from tests.runs.factories import at_once, dump, violations

pytestmark = pytest.mark.django_db


def keys(leases: list[dict[str, Any]]) -> list[str]:
    return [lease["subtask"]["key"] for lease in leases]


def test_a_lease_says_all_there_is_to_know(ada: User) -> None:
    agent = Outsider(ada)
    spec = {
        "key": "lint",
        "executor": {"name": "shell", "command": "ruff check ."},
        "resources": [{"kind": "file", "name": "src/app.py"}],
        "timeout_seconds": 60,
        "priority": 2,
    }
    run = run_of(ada, spec)
    lease = agent.take()
    assert {**lease, "subtask": None, "attempt": None} == {
        "attempt": None,
        "epoch": 1,
        "run": str(run.pk),
        "subtask": None,
        "lease_seconds": 15,
        "heartbeat_seconds": 5,
    }
    told = lease["subtask"]
    assert (told["key"], told["executor"]["command"], told["timeout_seconds"]) == ("lint", "ruff check .", 60.0)
    assert told["resources"] == [{"kind": "file", "name": "src/app.py", "mode": "write", "amount": 1}]
    assert (told["lane"], told["priority"], told["attempts_used"], told["inputs"]) == ("execute", 2, 1, {})
    kept = row(lease)
    assert (kept.status, kept.agent.name, kept.token_id, kept.subtask.status) == (
        "leased",
        "impl-1",
        kept.agent.token_id,
        "in_progress",
    )
    assert violations(timezone.now()) == []


def test_what_others_found_comes_with_it(ada: User) -> None:
    agent = Outsider(ada)
    run_of(ada, {"key": "scan"}, {"key": "use", "depends_on": ["scan"], "inputs": {"found": {"from": "scan"}}})
    agent.say("complete", agent.take(), result={"files": 3})
    told = agent.take()["subtask"]
    assert (told["key"], told["depends_on"], told["inputs"]) == ("use", ["scan"], {"found": {"files": 3}})


def test_what_lacks_an_input_fails_and_is_not_given(ada: User) -> None:
    agent = Outsider(ada)
    inputs = {"found": {"from": "scan", "pointer": "/nothing"}}
    run = run_of(ada, {"key": "scan"}, {"key": "use", "depends_on": ["scan"], "inputs": inputs})
    agent.say("complete", agent.take(), result={"files": 3})
    assert agent.ask_for_work() == []
    assert Subtask.objects.get(run=run, key="use").status == "failed"
    assert Run.objects.get(pk=run.pk).status == "failed"


def test_nothing_comes_when_there_is_nothing(ada: User) -> None:
    agent = Outsider(ada)
    assert agent.ask_for_work(wait_seconds=0) == []
    run = run_of(ada, {"key": "a"})
    assert keys(agent.ask_for_work(limit=5, run=str(run.pk))) == ["a"]
    assert agent.ask_for_work(limit=5) == []


def test_an_agent_must_be_registered_with_this_token(ada: User) -> None:
    Outsider(ada, "impl-1")
    response = Api(token_of(ada, "agent")).post("leases/", {"agent": "impl-1"})
    assert (response.status_code, pointers(response)) == (422, ["/agent"])


def test_a_run_must_be_the_owners(ada: User, eve: User) -> None:
    agent = Outsider(eve)
    run = run_of(ada)
    response = agent.api.post("leases/", {"agent": "impl-1", "run": str(run.pk)})
    assert (response.status_code, pointers(response)) == (422, ["/run"])
    assert agent.ask_for_work() == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/agent"),
        ({"agent": "impl-1", "limit": 0}, "/limit"),
        ({"agent": "impl-1", "limit": 101}, "/limit"),
        ({"agent": "impl-1", "wait_seconds": 31}, "/wait_seconds"),
        ({"agent": "impl-1", "wait_seconds": -1}, "/wait_seconds"),
        ({"agent": "impl-1", "run": 7}, "/run"),
        ({"agent": "impl-1", "epoch": 1}, "/epoch"),
    ],
)
def test_what_is_no_request_is_refused_and_changes_nothing(ada: User, body: Any, pointer: str) -> None:
    agent = Outsider(ada)
    run_of(ada)
    before = dump()
    response = agent.api.post("leases/", body)
    assert (response.status_code, pointers(response), dump()) == (422, [pointer], before)


def test_a_token_of_one_run_leases_from_that_only(ada: User) -> None:
    first, second = run_of(ada, {"key": "a"}), run_of(ada, {"key": "b"})
    api = Api(token_of(ada, "agent", run=second))
    assert api.post("agents/", {"name": "impl-1"}).status_code == 201
    leases = api.post("leases/", {"agent": "impl-1", "limit": 9}).json()["leases"]
    assert (keys(leases), leases[0]["run"]) == (["b"], str(second.pk))
    response = api.post("leases/", {"agent": "impl-1", "run": str(first.pk)})
    assert (response.status_code, pointers(response)) == (422, ["/run"])


def test_an_agent_sees_the_runs_it_has_leased_from(ada: User) -> None:
    agent = Outsider(ada)
    run = run_of(ada)
    assert agent.api.get(f"runs/{run.pk}/").status_code == 404
    agent.take()
    assert agent.api.get(f"runs/{run.pk}/").status_code == 200


# ---- waiting ----


@pytest.mark.django_db(transaction=True)
def test_who_waits_gets_work_as_soon_as_there_is_some(ada: User) -> None:
    agent = Outsider(ada)
    todo = plant(ada, subtasks=[{"key": "a", "content": "Do a"}])
    looked, found = threading.Event(), []

    def wait() -> None:
        try:
            looked.set()
            found.append(agent.take(wait_seconds=30))
        finally:
            connections.close_all()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert looked.wait(10)
    began = time.monotonic()
    actions.start(todo, actions.Options(backend="external"))
    waiting.join(40)
    assert [lease["subtask"]["key"] for lease in found] == ["a"]
    assert time.monotonic() - began < 20


@pytest.mark.django_db(transaction=True)
def test_a_change_that_leaves_something_to_take_wakes_those_who_wait(ada: User) -> None:
    run = run_of(ada)
    agent = Outsider(ada)
    lease = agent.take()
    mark = announce.mark()
    began = time.monotonic()
    agent.say("release", lease)
    announce.wait(announce.WORK, mark, 30)
    assert time.monotonic() - began < 20
    assert Run.objects.get(pk=run.pk).outside == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_each_gets_another(ada: User) -> None:
    run_of(ada, *({"key": f"s{n}"} for n in range(20)))
    agents = [Outsider(ada, f"impl-{n}") for n in range(8)]
    leases = at_once(*(lambda agent=agent: agent.ask_for_work(limit=3) for agent in agents))
    given = [lease["subtask"]["key"] for some in leases for lease in some]
    assert len(given) == len(set(given)) == 20
    assert violations(timezone.now()) == []
