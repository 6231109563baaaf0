"""Plans of the Agent Client Protocol: each is the list of its session."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.models import Run, Session
from tests.factories import Api, token_of
from tests.runs.tracking.test_lists import shown

READ = {"content": "Read", "priority": "high", "status": "completed"}
BUILD = {"content": "Build", "priority": "low", "status": "in_progress"}


@pytest.fixture
def agent(ada: User) -> Api:
    return Api(token_of(ada, "agent"))


def update(agent: Api, session: Any, told: Any) -> None:
    body = {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": told}}
    answer = agent.post("hooks/acp/", body)
    assert (answer.status_code, answer.json()) == (200, {})


def plan(*entries: Any) -> dict[str, Any]:
    return {"sessionUpdate": "plan", "entries": list(entries)}


def test_a_plan_is_the_list_of_its_session(agent: Api) -> None:
    update(agent, "s1", plan(READ, BUILD))
    assert shown() == ["x Read", "> Build"]
    update(agent, "s1", plan(READ, BUILD | {"status": "completed"}))
    assert shown() == ["x Read", "x Build"]
    assert Run.objects.get().subtasks.get(content="Read").priority == 1


def test_the_second_version_has_plans_by_name_and_cancels(agent: Api) -> None:
    for name in ("p1", "p2"):
        items = {"type": "items", "planId": name, "entries": [READ, BUILD | {"status": "cancelled"}]}
        update(agent, "s1", {"sessionUpdate": "plan_update", "plan": items})
    runs = {one.name: one.run_id for one in Session.objects.all()}
    assert set(runs) == {"s1/p1", "s1/p2"}
    assert shown(runs["s1/p1"]) == ["x Read", "- Build"]


def test_the_params_alone_will_do(agent: Api) -> None:
    assert agent.post("hooks/acp/", {"sessionId": "s1", "update": plan(BUILD)}).status_code == 200
    assert shown() == ["> Build"]


@pytest.mark.parametrize(
    ("session", "told"),
    [
        ("s1", {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "Hi"}}),
        ("s1", {"sessionUpdate": "plan_update", "plan": {"type": "markdown", "entries": [READ]}}),
        ("s1", {"sessionUpdate": "plan"}),
        ("s1", {"sessionUpdate": "plan", "entries": "none"}),
        ("s1", {"sessionUpdate": "plan", "entries": [7, {"content": "x"}]}),
        ("s1", plan()),
        ("s1", None),
        (None, plan(READ)),
        ({"a": 1}, plan(READ)),
    ],
)
def test_what_is_no_plan_changes_nothing(agent: Api, session: Any, told: Any) -> None:
    update(agent, session, told)
    assert (Run.objects.count(), Session.objects.count()) == (0, 0)


@pytest.mark.parametrize("body", [b"", b"[1]", b"no json", b'"x"', b"\xff"])
def test_what_is_nothing_at_all_is_no_trouble_either(agent: Api, body: bytes) -> None:
    answer = agent.send("POST", "hooks/acp/", body)
    assert (answer.status_code, answer.json()) == (200, {})
