"""What a nested agent is lent, and what of it is left when its attempt has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from runs import journal, transitions
from runs.api.authentication import Tokens
from runs.engine import expected
from runs.executors.base import Failed, Job
from runs.external import agents, commands, nested
from runs.models import Agent, Attempt, Delivery, Token
from runs.reports import Report, Said
from tests.runs.api.adding import one, scene
from tests.runs.executors.conftest import Kept
from todos.principal import ALL_EXECUTORS, Principal
from todos.problems import Conflict

NESTED = {"name": "agent", "command": ["true"], "prompt": "x", "nested": "read"}


@pytest.fixture(autouse=True)
def _reachable(settings: Settings) -> None:
    settings.AGENT_NETWORK, settings.AGENT_URL = True, "http://127.0.0.1:8000"


@pytest.fixture
def attempt(transactional_db: None, ada: User) -> Attempt:
    """`scan` is under way, by a worker of the server."""
    scene(ada, one("scan")).start("scan")
    found = Attempt.objects.get(subtask__key="scan")
    assert found.agent.token_id is None
    return found


def job(attempt: Attempt, **spec: Any) -> Job:
    return Job(NESTED | spec, run=attempt.run_id, key="scan", attempt=attempt.pk, epoch=attempt.epoch, output=Kept())


@contextmanager
def lent(attempt: Attempt, **spec: Any) -> Iterator[Principal]:
    """Whom the server takes the agent for."""
    its = job(attempt, **spec)
    with nested.lending(its):
        found = Tokens().principal(its.lent["ABREAST_TOKEN"])
        assert found is not None
        yield found


def test_it_is_an_agent_of_this_run_and_attempt_and_may_only_have_read(attempt: Attempt) -> None:
    with lent(attempt) as found:
        assert (found.scope, found.run_id, found.attempt_id) == ("agent", attempt.run_id, attempt.pk)
        assert found.executors == {"read", "search"}
    with lent(attempt, nested="commands") as found:
        assert found.executors == ALL_EXECUTORS


def test_its_token_ends_when_the_attempt_counts_no_more_whoever_ended_it(attempt: Attempt) -> None:
    its = job(attempt)
    with nested.lending(its):
        token = its.lent["ABREAST_TOKEN"]
        assert Tokens().principal(token) is not None
        Attempt.objects.filter(pk=attempt.pk).update(status="lost")
        assert Tokens().principal(token) is None
        Attempt.objects.filter(pk=attempt.pk).update(status="running", epoch=attempt.epoch + 1)
        assert Tokens().principal(token) is None


def test_when_it_is_over_token_agents_and_messages_are_over_too(attempt: Attempt) -> None:
    its = job(attempt)
    with nested.lending(its):
        token = its.lent["ABREAST_TOKEN"]
        found = Tokens().principal(token)
        assert found is not None
        below, _ = agents.register(found, agents.Registration("web"))
        commands.broadcast(attempt.run_id, "message", "Hurry.")
        assert Delivery.objects.get().agent_id == attempt.agent_id
    assert its.lent == {}
    assert Tokens().principal(token) is None
    assert Token.objects.get().revoked_at is not None
    assert Agent.objects.get(pk=below.pk).retired_at is not None
    assert not Delivery.objects.exists()


def test_what_a_worker_was_told_with_an_earlier_attempt_is_not_told_the_next_agent(attempt: Attempt) -> None:
    commands.tell([attempt.agent_id], "message", "Too early.")
    now = timezone.now()
    Attempt.objects.filter(pk=attempt.pk).update(leased_at=now)
    commands.tell([attempt.agent_id], "message", "In time.")
    report = Report(Said.BEAT, attempt.run_id, attempt.pk, attempt.epoch, ack=())
    with transaction.atomic(), journal.of(attempt.run_id, now) as entry:
        transitions.apply(entry, [report], 0.0)
        commands.answer(entry, [report])
    assert [order["data"] for order in report.orders] == ["In time."]


def test_those_of_an_earlier_attempt_leave_room_for_its_agents(attempt: Attempt, settings: Settings) -> None:
    settings.AGENT_SPECIALISTS = 1
    for _ in range(2):
        with lent(attempt) as found:
            agents.register(found, agents.Registration("web"))
            with pytest.raises(Conflict):
                agents.register(found, agents.Registration("code"))


def test_the_token_is_in_nothing_that_it_prints_or_gives(attempt: Attempt) -> None:
    its = job(attempt)
    with nested.lending(its) as redactor:
        token = its.lent["ABREAST_TOKEN"]
        its.output.write(token[:20].encode())
        its.output.write(token[20:].encode() + b"!")
        assert redactor is not None
        assert redactor.value({"said": [token]}) == {"said": ["[redacted]"]}
        kept = its.output._output  # type: ignore[attr-defined]
        its.output.close()
    assert kept.data == b"[redacted]!"


@pytest.mark.parametrize(
    ("network", "url", "why"), [(False, "http://127.0.0.1:8000", "ABREAST_AGENT_NETWORK=1"), (True, "", "ABREAST_URL")]
)
def test_where_it_could_not_reach_the_server_nothing_is_lent_and_it_fails_for_good(
    attempt: Attempt, settings: Settings, network: bool, url: str, why: str
) -> None:
    settings.AGENT_NETWORK, settings.AGENT_URL = network, url
    with pytest.raises(Failed, match=why) as failed, nested.lending(job(attempt)):
        pass
    assert not failed.value.retryable
    assert not Token.objects.exists()


def test_who_is_not_nested_is_lent_nothing(attempt: Attempt) -> None:
    for spec in ({"nested": None}, {"name": "shell"}):
        its = job(attempt, **spec)
        with nested.lending(its) as redactor:
            assert (redactor, its.lent) == (None, {})
    assert not Token.objects.exists()


def test_it_is_never_quick_work_which_has_no_attempt_until_it_is_done() -> None:
    assert expected.seconds(NESTED, 0.01, 30) >= 0.1
    assert expected.seconds(NESTED | {"nested": None}, 0.01, 30) == 0.01
