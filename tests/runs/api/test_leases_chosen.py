"""Which subtasks an agent that leases is given, and in which order."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs import actions
from runs.models import Attempt, Run, Subtask
from tests.factories import Api
from tests.runs.api.outside import Outsider, run_of
from tests.runs.factories import violations

pytestmark = pytest.mark.django_db


def keys(leases: list[dict[str, Any]]) -> list[str]:
    return [lease["subtask"]["key"] for lease in leases]


SHELL = {"executor": {"name": "shell", "command": "ls"}, "lane": "query"}


def test_capabilities_say_which_executors_it_can_do(ada: User) -> None:
    run_of(ada, {"key": "cmd", **SHELL}, {"key": "free"}, {"key": "rehearsal", "executor": {"name": "simulate"}})
    reader = Outsider(ada, "reader", {"capabilities": ["read"]})
    assert keys(reader.ask_for_work(limit=9)) == ["free", "rehearsal"]
    assert keys(Outsider(ada, "sheller", {"capabilities": ["shell"]}).ask_for_work(limit=9)) == ["cmd"]


def test_one_that_names_none_can_do_any(ada: User) -> None:
    run_of(ada, {"key": "cmd", **SHELL})
    assert keys(Outsider(ada).ask_for_work()) == ["cmd"]


def test_an_agent_takes_its_lanes_only(ada: User) -> None:
    run_of(ada, {"key": "look"}, {"key": "change", "lane": "execute"})
    writer = Outsider(ada, "writer", {"lanes": ["execute"]})
    assert keys(writer.ask_for_work(limit=9)) == ["change"]


def test_what_is_meant_for_one_goes_to_no_other(ada: User) -> None:
    run_of(ada, {"key": "his", "assigned_agent": "impl-2"}, {"key": "anybodys"})
    assert keys(Outsider(ada, "impl-1").ask_for_work(limit=9)) == ["anybodys"]
    assert keys(Outsider(ada, "impl-2").ask_for_work(limit=9)) == ["his"]


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        ({}, ["free"]),
        ({"execute": {"mode": "external"}}, ["free", "shell"]),
        ({"execute": {"mode": "hybrid"}}, ["free", "shell"]),
        ({"query": {"mode": "external"}}, ["free", "wait"]),
        ({"query": {"mode": "internal"}}, ["free"]),
    ],
)
def test_lanes_say_what_is_for_agents_from_outside(ada: User, lanes: dict[str, Any], expected: list[str]) -> None:
    shell = {"key": "shell", "executor": {"name": "shell", "command": "ls"}, "resources": []}
    run_of(
        ada, {"key": "free"}, shell, {"key": "wait", "executor": {"name": "simulate"}}, backend="embedded", lanes=lanes
    )
    assert sorted(keys(Outsider(ada).ask_for_work(limit=9))) == expected
    assert violations(timezone.now()) == []


def test_a_lane_can_be_kept_for_workers_of_ours_in_an_external_run(ada: User) -> None:
    shell = {"key": "shell", "executor": {"name": "shell", "command": "ls"}}
    run = run_of(ada, shell, {"key": "wait", "executor": {"name": "simulate"}}, lanes={"execute": {"mode": "internal"}})
    assert keys(Outsider(ada).ask_for_work(limit=9)) == ["wait"]
    assert Subtask.objects.get(run=run, key="shell").mode == "internal"


def test_no_more_attempts_are_open_than_the_run_allows(ada: User) -> None:
    run_of(ada, *({"key": f"s{n}"} for n in range(5)), max_agents=2)
    agent = Outsider(ada)
    first = agent.ask_for_work(limit=9)
    assert keys(first) == ["s0", "s1"]
    assert Outsider(ada, "impl-2").ask_for_work() == []
    agent.say("complete", first[0])
    assert keys(agent.ask_for_work(limit=9)) == ["s2"]


def test_a_lane_has_no_more_open_than_it_allows(ada: User) -> None:
    run_of(ada, {"key": "a"}, {"key": "b"}, lanes={"query": {"concurrency": 1}})
    assert keys(Outsider(ada).ask_for_work(limit=9)) == ["a"]


def test_the_more_urgent_comes_first(ada: User) -> None:
    run_of(ada, {"key": "late", "priority": 5}, {"key": "soon", "priority": 1})
    assert keys(Outsider(ada).ask_for_work()) == ["soon"]


def test_under_hybrid_all_is_read_before_anything_changes(ada: User) -> None:
    read, change = {"key": "read"}, {"key": "change", "lane": "execute", "priority": 1}
    run_of(ada, change, read, strategy="hybrid")
    writer, reader = Outsider(ada, "writer", {"lanes": ["execute"]}), Outsider(ada, "reader")
    assert writer.ask_for_work() == [], "somebody has still to read"
    lease = reader.take()
    assert (lease["subtask"]["key"], writer.ask_for_work()) == ("read", [])
    reader.say("complete", lease)
    assert keys(writer.ask_for_work()) == ["change"]


FILE = {"lane": "execute", "resources": [{"kind": "file", "name": "src/app.py"}]}


def test_what_claims_the_same_waits_and_is_given_when_that_is_free(ada: User) -> None:
    run = run_of(ada, {"key": "a", **FILE}, {"key": "b", **FILE}, {"key": "c"})
    agent = Outsider(ada)
    leases = agent.ask_for_work(limit=9)
    assert keys(leases) == ["a", "c"]
    assert violations(timezone.now()) == []
    stands = Run.objects.get(pk=run.pk)
    assert (stands.outside, stands.held_back) == (0, 1)
    agent.say("complete", leases[0])
    assert violations(timezone.now()) == []
    assert keys(agent.ask_for_work(limit=9)) == ["b"]
    assert violations(timezone.now()) == []


def test_what_waits_for_a_claim_can_be_cancelled(ada: User, api: Api) -> None:
    run = run_of(ada, {"key": "a", **FILE}, {"key": "b", **FILE})
    Outsider(ada).ask_for_work(limit=9)
    assert api.post(f"runs/{run.pk}/subtasks/b/cancel/").status_code == 200
    assert violations(timezone.now()) == []


def test_what_claims_more_than_there_is_fails(ada: User, api: Api) -> None:
    many = {"key": "a", "resources": [{"kind": "database", "name": "main", "amount": 10}]}
    run = run_of(ada, many, {"key": "b"})
    assert api.send("PUT", "resources/database/main/", {"capacity": 4}).status_code == 200
    assert keys(Outsider(ada).ask_for_work(limit=9)) == ["b"]
    assert Subtask.objects.get(run=run, key="a").status == "failed"
    assert violations(timezone.now()) == []


def test_a_paused_run_gives_nothing(ada: User) -> None:
    run = run_of(ada)
    actions.pause(run.pk)
    agent = Outsider(ada)
    assert agent.ask_for_work() == []
    actions.resume(run.pk)
    assert keys(agent.ask_for_work()) == ["a"]


def test_runs_take_turns(ada: User) -> None:
    first, second = (run_of(ada, *({"key": f"s{n}"} for n in range(4))) for _ in range(2))
    agent = Outsider(ada)
    given = [agent.take()["run"] for _ in range(4)]
    assert {given.count(str(first.pk)), given.count(str(second.pk))} == {2}
    assert sorted(lease["run"] for lease in agent.ask_for_work(limit=4)) == [str(first.pk)] * 2 + [str(second.pk)] * 2


def test_one_run_gives_all_when_the_other_has_less(ada: User) -> None:
    run_of(ada, {"key": "only"})
    run_of(ada, *({"key": f"s{n}"} for n in range(4)))
    assert len(Outsider(ada).ask_for_work(limit=5)) == 5


def test_the_same_key_leases_once(ada: User) -> None:
    run_of(ada, {"key": "a"}, {"key": "b"})
    agent = Outsider(ada)
    answers = [agent.api.post("leases/", {"agent": "impl-1"}, Idempotency_Key="k").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert Attempt.objects.count() == 1
