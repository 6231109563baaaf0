"""Questions that agents ask a person while they are at work, and the answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.models import Event, Run
from runs.reading import attention
from tests.factories import Api
from tests.runs.api.outside import Outsider, lose, refused, row, run_of
from tests.runs.factories import violations

pytestmark = pytest.mark.django_db
ENDS = ("complete", "fail", "release")


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def run(ada: User) -> Run:
    return run_of(ada, {"key": "a"}, {"key": "b", "depends_on": ["a"]})


@pytest.fixture
def lease(agent: Outsider, run: Run) -> dict[str, Any]:
    return agent.take()


def answered(api: Api, lease: dict[str, Any], **said: Any) -> Any:
    return api.post(f"runs/{lease['run']}/subtasks/a/answer/", {"approve": True} | said)


def test_a_question_waits_for_a_person_and_the_answer_reaches_the_agent(
    ada: User, api: Api, agent: Outsider, lease: dict[str, Any]
) -> None:
    assert agent.say("ask", lease, question="Delete the branch?").json()["status"] == "running"
    shown = api.get(f"runs/{lease['run']}/subtasks/a/").json()
    assert (shown["status"], shown["waiting_for"]) == ("in_progress", "person")
    assert shown["waiting_detail"] == {"question": "Delete the branch?"}
    [item] = attention.items(ada.pk, timezone.now())
    assert (item.question, item.holds_up, attention.count(ada.pk, timezone.now())) == ("Delete the branch?", 2, 1)
    assert agent.beat(lease)["commands"] == []
    assert violations(timezone.now()) == []

    assert answered(api, lease, text="Yes, it is merged.").json()["waiting_for"] is None
    for _ in range(2):  # until it says that it knows
        [told] = agent.beat(lease)["commands"]
    assert (told["command"], told["data"]["question"]) == ("message", "Delete the branch?")
    assert told["data"]["answer"] | {"by": ""} == {"approved": True, "text": "Yes, it is merged.", "by": ""}
    assert agent.beat(lease, ack=[told["id"]])["commands"] == []
    assert attention.count(ada.pk, timezone.now()) == 0
    agent.say("complete", lease)
    kinds = list(Event.objects.filter(subtask_id=row(lease).subtask_id).values_list("kind", flat=True))
    assert kinds[-3:] == ["asked", "answered", "completed"]
    assert violations(timezone.now()) == []


def test_only_the_first_answer_counts(api: Api, agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("ask", lease, question="Now?")
    assert answered(api, lease).status_code == 200
    refused(lambda: answered(api, lease, approve=False), "in_progress")


def test_one_question_at_a_time(agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("ask", lease, question="Now?")
    events = Event.objects.count()
    assert agent.say("ask", lease, question="Now?").status_code == 200
    assert Event.objects.count() == events
    refused(lambda: agent.say("ask", lease, question="Or later?"), {"status": "running", "epoch": 1})


def seconds_left(lease: dict[str, Any]) -> float:
    deadline = row(lease).deadline_at
    assert deadline is not None
    return (deadline - timezone.now()).total_seconds()


def test_while_a_person_thinks_the_time_does_not_run_out_but_silence_counts(
    api: Api, agent: Outsider, lease: dict[str, Any]
) -> None:
    agent.say("ask", lease, question="Now?")
    assert seconds_left(lease) > timedelta(days=6).total_seconds()
    answered(api, lease)
    assert 240 < seconds_left(lease) < 301
    lose(lease)
    assert row(lease).status == "lost"


@pytest.mark.parametrize("end", [*ENDS, "lose"])
def test_a_question_ends_with_its_attempt(agent: Outsider, lease: dict[str, Any], end: str) -> None:
    agent.say("ask", lease, question="Now?")
    if end == "lose":
        lose(lease)
    else:
        agent.say(end, lease)
    assert (row(lease).subtask.question, row(lease).run.questions) == ("", 0)
    assert violations(timezone.now()) == []
