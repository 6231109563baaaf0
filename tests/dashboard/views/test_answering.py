"""Answers in words: to what agents ask while they are at work, and to approvals."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from runs import actions
from runs.models import Run
from tests.dashboard.views.test_steering import said
from tests.factories import Api, plant, token_of
from tests.runs.api.outside import Outsider, row, run_of
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def lease(ada: User, agent: Outsider) -> dict[str, Any]:
    run_of(ada, {"key": "a"})
    found = agent.take()
    assert agent.say("ask", found, question="Which <branch>?").status_code == 200
    return found


def place(lease: dict[str, Any]) -> str:
    return f"/runs/{lease['run']}/subtasks/a/answer/"


def test_what_a_person_writes_reaches_the_agent_that_asks(
    browser: Client, agent: Outsider, lease: dict[str, Any]
) -> None:
    page = browser.get(place(lease)).content.decode()
    assert "Which &lt;branch&gt;?" in page
    assert "Send the answer" in page
    assert browser.post(place(lease), {"text": "the one of today", "approve": "yes"}).status_code == 302
    [told] = agent.beat(lease)["commands"]
    assert (told["data"]["question"], told["data"]["answer"]["text"]) == ("Which <branch>?", "the one of today")
    assert told["data"]["answer"]["approved"] is True


def test_no_is_an_answer_in_words_too(browser: Client, agent: Outsider, lease: dict[str, Any]) -> None:
    browser.post(place(lease), {"text": "none of them", "approve": "no"})
    [told] = agent.beat(lease)["commands"]
    assert told["data"]["answer"] | {"by": ""} == {"approved": False, "text": "none of them", "by": ""}


@pytest.mark.parametrize("text", ["x" * 9_001, "nul\0"])
def test_what_cannot_be_kept_changes_nothing(
    browser: Client, agent: Outsider, lease: dict[str, Any], text: str
) -> None:
    response = browser.post(place(lease), {"text": text, "approve": "yes"})
    assert "Nothing was changed" in said(response)[0]
    assert row(lease).subtask.question == "Which <branch>?"


def test_it_is_answered_on_the_overview_without_leaving_it(
    browser: Client, agent: Outsider, lease: dict[str, Any]
) -> None:
    page = browser.get("/").content.decode()
    subtask = row(lease).subtask
    approve = f"/runs/{lease['run']}/subtasks/a/approve/?on=overview"
    assert f'formaction="{approve}"' in page
    assert f'name="text-{subtask.pk}" form="act"' in page
    words = {f"text-{subtask.pk}": "today's", f"text-{subtask.pk + 1}": "of another question"}
    assert browser.post(approve, words).headers["Location"] == "/"
    [told] = agent.beat(lease)["commands"]
    assert told["data"]["answer"] | {"by": ""} == {"approved": True, "text": "today's", "by": ""}
    assert approve not in browser.get("/").content.decode()


def test_too_many_words_on_the_overview_change_nothing(browser: Client, lease: dict[str, Any]) -> None:
    refuse, words = (
        f"/runs/{lease['run']}/subtasks/a/refuse/?on=overview",
        {f"text-{row(lease).subtask_id}": "x" * 9_001},
    )
    response = browser.post(refuse, words, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing was changed" in response
    assert "#overview-waits" in response
    assert row(lease).subtask.question == "Which <branch>?"


@pytest.mark.parametrize("address", ["/runs/{run}/", "/runs/{run}/subtasks/a/"])
def test_the_way_to_it_stands_wherever_the_question_does(browser: Client, lease: dict[str, Any], address: str) -> None:
    page = browser.get(address.format(run=lease["run"])).content.decode()
    assert f'href="{place(lease)}"' in page
    browser.post(place(lease), {"text": "today's"})
    assert place(lease) not in browser.get(address.format(run=lease["run"])).content.decode()


def test_what_asks_nothing_is_not_answered(browser: Client, lease: dict[str, Any]) -> None:
    browser.post(place(lease), {"text": "today's"})
    assert "asks nothing" in said(browser.get(place(lease)))[-1]
    assert "Nothing was changed" in said(browser.post(place(lease), {"text": "again"}))[-1]


def test_an_approval_takes_words_too(browser: Client, ada: User) -> None:
    ask = {"key": "a", "content": "Ask", "executor": {"name": "approval", "question": "Ship it?"}}
    run = actions.start(plant(ada, subtasks=[ask]), actions.Options())
    there = Scene(run, run.updated_at)
    with there.entry():
        pass
    page = browser.get(f"/runs/{run.pk}/subtasks/a/answer/").content.decode()
    assert "Ship it?" in page
    browser.post(f"/runs/{run.pk}/subtasks/a/answer/", {"text": "after lunch", "approve": "no"})
    assert (there.subtask("a").status, there.subtask("a").error) == ("failed", "not approved: after lunch")


def test_an_agent_that_asks_elsewhere_is_answered_elsewhere(browser: Client, ada: User) -> None:
    api = Api(token_of(ada, "agent"))
    hook = {"session_id": "s1", "cwd": "/shop"}
    api.post("hooks/claude-code/", hook | {"hook_event_name": "UserPromptSubmit", "prompt": "Build"})
    asks = {
        "hook_event_name": "PreToolUse",
        "tool_name": "Agent",
        "tool_use_id": "u1",
        "tool_input": {"description": "Map"},
    }
    api.post("hooks/claude-code/", hook | asks)
    api.post("hooks/claude-code/", hook | {"hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": "x"})
    wants = {
        "hook_event_name": "PermissionRequest",
        "agent_id": "a1",
        "tool_name": "Bash",
        "tool_input": {"command": "ls"},
    }
    api.post("hooks/claude-code/", hook | wants)
    run = Run.objects.get()
    page = browser.get(f"/runs/{run.pk}/").content.decode()
    assert "in a session of its agent" in page
    assert "asks nothing" in said(browser.get(f"/runs/{run.pk}/subtasks/agent-1/answer/"))[0]


def test_nobody_answers_for_others(eves: Client, lease: dict[str, Any]) -> None:
    assert eves.get(place(lease)).status_code == 404
    assert eves.post(place(lease), {"text": "mine"}).status_code == 404
