"""Agents over REST: registering, the tree they stand in, and what is known of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from runs.models import Agent, Attempt, Run, RunAgent
from tests.factories import Api, all_pages, pointers, token_of
from tests.runs.api.outside import Outsider, row, run_of
from tests.runs.factories import agent as worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def agents(ada: User) -> Api:
    return Api(token_of(ada, "agent"))


def register(api: Api, name: str, **said: Any) -> Any:
    return api.post("agents/", {"name": name} | said)


def test_an_agent_says_what_it_is(agents: Api) -> None:
    response = register(agents, "impl-1", kind="claude", parent=None, capabilities=["shell"], lanes=["query"])
    made = response.json()
    assert response.status_code == 201
    shown = ("name", "kind", "status", "parent", "depth", "capabilities", "lanes", "current_attempt")
    assert [made[name] for name in shown] == ["impl-1", "claude", "idle", None, 1, ["shell"], ["query"], None]
    unknown = ("tasks_per_minute", "utilization_percent", "average_task_seconds", "specialization")
    assert {made[name] for name in unknown} == {None}
    assert made["tasks_completed"] == 0
    assert agents.get(f"agents/{made['id']}/").json()["id"] == made["id"]


def test_the_same_name_of_the_same_token_is_the_same_agent(ada: User, agents: Api) -> None:
    first = register(agents, "impl-1", capabilities=["shell"]).json()
    again = register(agents, "impl-1", kind="claude")
    assert (again.status_code, again.json()["id"], again.json()["capabilities"]) == (200, first["id"], [])
    assert register(Api(token_of(ada, "agent")), "impl-1").status_code == 201


def test_nobody_registers_as_one_of_the_servers_own(ada: User, agents: Api) -> None:
    for kind in ("embedded", "person", "celery"):
        response = register(agents, "impl-1", kind=kind)
        assert (response.status_code, pointers(response)) == (422, ["/kind"])
    assert Agent.objects.count() == 0


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"kind": "x" * 65}, "/kind"),
        ({"parent": "nobody"}, "/parent"),
        ({"parent": "999999"}, "/parent"),
        ({"capabilities": "shell"}, "/capabilities"),
        ({"capabilities": ["x"] * 51}, "/capabilities"),
        ({"lanes": []}, "/lanes"),
        ({"lanes": ["think"]}, "/lanes/0"),
        ({"depth": 0}, "/depth"),
    ],
)
def test_what_is_no_agent_is_refused(agents: Api, said: Any, pointer: str) -> None:
    response = agents.post("agents/", {"name": "impl-1"} | said)
    assert (response.status_code, pointers(response), Agent.objects.count()) == (422, [pointer], 0)


# ---- the tree ----


def test_agents_stand_three_deep_and_so_many_below_each(agents: Api) -> None:
    top = register(agents, "orchestrator").json()
    specialists = [register(agents, f"s{n}", parent=top["id"]).json() for n in range(4)]
    assert {(one["depth"], one["parent"]) for one in specialists} == {(2, top["id"])}
    fifth = register(agents, "s4", parent=top["id"])
    assert (fifth.status_code, fifth.json()["current"]) == (409, 4)
    executors = [register(agents, f"e{n}", parent="s0").json() for n in range(8)]
    assert {one["depth"] for one in executors} == {3}
    assert register(agents, "e8", parent="s0").status_code == 409
    deeper = register(agents, "x", parent=executors[0]["id"])
    assert (deeper.status_code, pointers(deeper)) == (422, ["/parent"])
    assert register(agents, "e0", parent="s0").status_code == 200, "it is there already"


def test_an_agent_stays_where_it_is(agents: Api) -> None:
    for name in ("one", "other"):
        register(agents, name)
    register(agents, "below", parent="one")
    assert register(agents, "below").json()["depth"] == 2
    response = register(agents, "below", parent="other")
    assert (response.status_code, pointers(response)) == (422, ["/parent"])


def test_a_parent_is_one_of_the_same_owner(ada: User, eve: User, agents: Api) -> None:
    theirs = register(Api(token_of(eve, "agent")), "theirs").json()["id"]
    servers = worker("agent-1").pk
    for parent in (theirs, str(servers), "theirs"):
        assert pointers(register(agents, "mine", parent=parent)) == ["/parent"]


def test_a_server_takes_so_many(agents: Api, settings: Settings) -> None:
    settings.AGENTS_MOST = 2
    assert [register(agents, f"a{n}").status_code for n in range(3)] == [201, 201, 409]


def test_who_has_been_silent_for_long_takes_no_room(ada: User, agents: Api, settings: Settings) -> None:
    settings.AGENTS_MOST = 1
    agent = Outsider(ada)
    run_of(ada)
    lease = agent.take()
    Agent.objects.update(last_beat_at=timezone.now() - timedelta(hours=2))
    assert register(agents, "b").status_code == 409, "it is at work"
    agent.say("release", lease)
    assert register(agents, "b").status_code == 201


# ---- who sees whom ----


def test_everybody_sees_who_is_theirs(ada: User, eve: User, api: Api, agents: Api) -> None:
    mine = register(agents, "impl-1").json()["id"]
    Outsider(ada, "impl-2")
    Outsider(eve, "theirs")
    worker("agent-1")
    assert [one["name"] for one in all_pages(api, "agents/", ordering="name", limit=1)] == [
        "agent-1",
        "impl-1",
        "impl-2",
    ]
    assert [one["id"] for one in agents.get("agents/").json()["results"]] == [mine]
    assert [one["name"] for one in api.get("agents/", q="impl", ordering="-created_at").json()["results"]] == [
        "impl-2",
        "impl-1",
    ]
    assert Api(token_of(eve, "admin")).get(f"agents/{mine}/").status_code == 404


# ---- what is known ----


def test_what_an_agent_has_done_is_told_in_numbers(ada: User) -> None:
    agent = Outsider(ada)
    run = run_of(ada, *({"key": f"s{n}"} for n in range(4)))
    done, broke, current = agent.ask_for_work(limit=3)
    agent.say("complete", done)
    agent.say("fail", broke, retryable=False)
    began = timezone.now() - timedelta(seconds=60)
    Run.objects.filter(pk=run.pk).update(started_at=began)
    RunAgent.objects.update(busy_seconds=30)
    Attempt.objects.filter(pk=current["attempt"]).update(leased_at=timezone.now() - timedelta(seconds=15))
    told = agent.api.get(f"agents/{agent.id}/").json()
    assert (told["status"], told["attempts_open"], told["tasks_completed"], told["tasks_failed"]) == ("busy", 1, 1, 1)
    assert told["current_attempt"]["attempt"] == current["attempt"]
    assert told["tasks_per_minute"] == pytest.approx(1.0, rel=0.3)
    assert told["average_task_seconds"] == 15.0
    assert told["utilization_percent"] == pytest.approx(75, rel=0.2)
    assert told["specialization"] == "query"


def test_who_has_not_been_heard_of_for_a_minute_is_lost(ada: User) -> None:
    agent = Outsider(ada)
    Agent.objects.update(last_beat_at=timezone.now() - timedelta(seconds=61))
    assert agent.api.get(f"agents/{agent.id}/").json()["status"] == "lost"
    agent.ask_for_work()
    assert agent.api.get(f"agents/{agent.id}/").json()["status"] == "idle"


def test_a_list_of_agents_costs_the_same_however_many(ada: User, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        Outsider(ada, f"impl-{n}")
    viewer = Api(token_of(ada, "viewer"))
    viewer.get("agents/")
    with django_assert_max_num_queries(8):
        assert len(viewer.get("agents/").json()["results"]) == 12


def test_a_heartbeat_is_heard_of(ada: User) -> None:
    agent = Outsider(ada)
    run_of(ada)
    lease = agent.take()
    Agent.objects.update(last_beat_at=timezone.now() - timedelta(hours=1))
    agent.beat(lease)
    told = agent.api.get(f"agents/{agent.id}/").json()
    assert told["last_heartbeat_at"] == row(lease).last_beat_at.isoformat().replace("+00:00", "Z")
