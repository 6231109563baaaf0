"""Commands over REST: sent to agents, told with heartbeats, and the orders that follow from the state of a run."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from runs import actions, sweep
from runs.external import delivering
from runs.models import Agent, Command, Delivery, Run, Subtask
from tests.factories import Api, pointers
from tests.runs.api.outside import Outsider, row, run_of
from tests.runs.factories import agent as worker
from tests.runs.factories import violations

pytestmark = pytest.mark.django_db


def send(api: Api, agent: Outsider, **said: Any) -> str:
    response = api.post(f"agents/{agent.id}/commands/", {"command": "message"} | said)
    assert response.status_code == 200, response.content
    number: str = response.json()["id"]
    return number


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def lease(ada: User, agent: Outsider) -> dict[str, Any]:
    run_of(ada, {"key": "a"}, {"key": "b"})
    return agent.take()


def orders(agent: Outsider, lease: dict[str, Any], **more: Any) -> list[str]:
    return [told["command"] for told in agent.beat(lease, **more)["commands"]]


# ---- what follows from the state ----


def test_a_cancelled_run_says_so_in_every_heartbeat(agent: Outsider, lease: dict[str, Any]) -> None:
    actions.cancel(int(lease["run"]))
    for _ in range(3):
        [told] = agent.beat(lease)["commands"]
        assert told == {"id": None, "command": "cancel", "priority": 1, "data": {"run": lease["run"], "subtask": "a"}}
    agent.say("fail", lease, error="stopped")
    assert (row(lease).subtask.status, row(lease).run.status) == ("cancelled", "cancelled")
    assert violations(timezone.now()) == []


@pytest.mark.parametrize("verb", ["release", "fail"])
def test_one_subtask_can_be_cancelled(api: Api, agent: Outsider, lease: dict[str, Any], verb: str) -> None:
    other = agent.take()
    api.post(f"runs/{lease['run']}/subtasks/a/cancel/")
    assert (orders(agent, lease), orders(agent, other)) == (["cancel"], [])
    agent.say(verb, lease)
    assert row(lease).subtask.status == "cancelled"
    assert violations(timezone.now()) == []


def test_what_is_done_before_it_stops_is_done(agent: Outsider, lease: dict[str, Any]) -> None:
    actions.cancel(int(lease["run"]))
    assert agent.say("complete", lease, result=1).status_code == 200
    assert row(lease).subtask.status == "completed"


def test_a_cancel_that_nobody_answers_is_over_in_sixteen_seconds(agent: Outsider, lease: dict[str, Any]) -> None:
    actions.cancel(int(lease["run"]))
    agent.beat(lease)
    now = timezone.now()
    assert sweep.overdue(now + timedelta(seconds=14)) == []
    found = sweep.overdue(now + timedelta(seconds=16))
    delivering.deliver(found[:1])
    assert (row(lease).status, row(lease).run.status) in {("cancelled", "cancelled"), ("lost", "cancelled")}
    assert agent.say("complete", lease).status_code == 409
    assert violations(timezone.now()) == []


def test_a_paused_run_says_so_until_it_goes_on(agent: Outsider, lease: dict[str, Any]) -> None:
    actions.pause(int(lease["run"]))
    assert [orders(agent, lease) for _ in range(2)] == [["pause"], ["pause"]]
    actions.resume(int(lease["run"]))
    assert orders(agent, lease) == []


# ---- messages ----


def test_messages_come_by_priority_until_they_are_acknowledged(
    api: Api, agent: Outsider, lease: dict[str, Any]
) -> None:
    last = send(api, agent, data={"text": "no hurry"}, priority="low")
    usual = send(api, agent, data="as you like")
    first = send(api, agent, data={"text": "now"}, priority=1)
    told = agent.beat(lease)["commands"]
    assert [(one["id"], one["priority"]) for one in told] == [(first, 1), (usual, 3), (last, 5)]
    assert [one["data"] for one in told] == [{"text": "now"}, "as you like", {"text": "no hurry"}]
    left = agent.beat(lease, ack=[first, last, "999999"])["commands"]
    assert [one["id"] for one in left] == [usual]
    assert Delivery.objects.count() == 1


def test_an_acknowledgement_counts_for_its_agent_only(
    ada: User, api: Api, agent: Outsider, lease: dict[str, Any]
) -> None:
    other = Outsider(ada, "impl-2")
    theirs = other.take()
    response = api.post(f"runs/{lease['run']}/broadcast/", {"command": "message", "data": "stop at six"})
    number = response.json()["id"]
    assert (response.status_code, orders(agent, lease), orders(other, theirs)) == (200, ["message"], ["message"])
    assert orders(agent, lease, ack=[number]) == []
    assert orders(other, theirs) == ["message"]
    assert orders(other, theirs, ack=[number]) == []


def test_a_refused_heartbeat_acknowledges_nothing(api: Api, agent: Outsider, lease: dict[str, Any]) -> None:
    number = send(api, agent)
    assert agent.say("heartbeat", lease | {"epoch": 9}, ack=[number]).status_code == 409
    assert orders(agent, lease) == ["message"]


@pytest.mark.parametrize("order", ["cancel", "pause"])
def test_a_cancel_or_a_pause_that_was_sent_repeats_while_what_it_met_goes_on(
    api: Api, agent: Outsider, lease: dict[str, Any], order: str
) -> None:
    number = send(api, agent, command=order)
    assert [orders(agent, lease, ack=[number]) for _ in range(2)] == [[order], [order]]
    agent.say("release", lease)
    assert orders(agent, agent.take()) == [], "it was meant for what was under way then"
    send(api, agent)
    assert Command.objects.filter(command=order).count() == 0


def test_a_broadcast_reaches_those_at_work_on_the_run(ada: User, api: Api, agent: Outsider) -> None:
    run = run_of(ada, backend="embedded")
    with_nobody = api.post(f"runs/{run.pk}/broadcast/", {"command": "message"})
    assert (with_nobody.status_code, Delivery.objects.count()) == (200, 0)


def test_a_full_bus_asks_to_come_back(api: Api, agent: Outsider, lease: dict[str, Any], settings: Settings) -> None:
    settings.COMMANDS_KEPT = 2
    for _ in range(2):
        number = send(api, agent)
    for path in (f"agents/{agent.id}/commands/", f"runs/{lease['run']}/broadcast/"):
        response = api.post(path, {"command": "message"})
        assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert Command.objects.count() == 2
    agent.beat(lease, ack=[number])
    send(api, agent)


def test_ten_thousand_fit(api: Api, agent: Outsider) -> None:
    command = Command.objects.create(command="message")
    others = Agent.objects.bulk_create(Agent(name=f"a{n}") for n in range(9_999))
    Delivery.objects.bulk_create(Delivery(command=command, agent=other) for other in others)
    send(api, agent)
    assert api.post(f"agents/{agent.id}/commands/", {"command": "message"}).status_code == 503


def test_a_worker_of_ours_is_told_nothing(api: Api) -> None:
    response = api.post(f"agents/{worker('agent-1').pk}/commands/", {"command": "message"})
    assert (response.status_code, response.json()["current"]) == (409, "embedded")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/command"),
        ({"command": "explode"}, "/command"),
        ({"command": "message", "priority": 0}, "/priority"),
        ({"command": "message", "priority": 6}, "/priority"),
        ({"command": "message", "id": "1"}, "/id"),
    ],
)
def test_what_is_no_command_is_refused(
    api: Api, agent: Outsider, lease: dict[str, Any], body: Any, pointer: str
) -> None:
    for path in (f"agents/{agent.id}/commands/", f"runs/{lease['run']}/broadcast/"):
        response = api.post(path, body)
        assert (response.status_code, pointers(response), Command.objects.count()) == (422, [pointer], 0)


def test_a_rest_of_a_cancelled_run_is_cancelled_at_once(agent: Outsider, lease: dict[str, Any]) -> None:
    actions.cancel(int(lease["run"]))
    assert Subtask.objects.get(run=lease["run"], key="b").status == "cancelled"
    assert (Run.objects.get(pk=lease["run"]).outside, agent.ask_for_work()) == (0, [])
