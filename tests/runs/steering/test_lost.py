"""Agents that fell silent with work in hand, as they come to a person's attention."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.external import agents
from runs.external.agents import Registration
from runs.models import Agent, Event, Token
from runs.reading import attention
from runs.steering import lost
from tests.scenes import Scene, scene
from tests.silent import NAME, agent_of, lost_work
from todos.principal import Principal
from todos.problems import Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    return lost_work(ada)


def found(owner: User) -> list[lost.Lost]:
    return lost.agents(owner.pk, timezone.now())


def impl() -> Agent:
    return Agent.objects.get(name=NAME)


def test_an_agent_that_lost_its_work_asks_for_attention(ada: User, eve: User, there: Scene) -> None:
    [one] = found(ada)
    assert (one.agent, one.attempt, one.waits, one.taken_by) == (impl(), there.attempt("a"), True, "")
    assert (timezone.now() - one.heard).total_seconds() == pytest.approx(120, abs=20)
    assert found(eve) == []
    [item] = attention.items(ada.pk, timezone.now())
    assert (item.lost, item.holds_up, item.ended) == (one, 2, False)
    assert item.seconds == 20, "what it was at, and what needs that: 10 s each"
    assert attention.count(ada.pk, timezone.now()) == 1


def test_what_another_agent_took_up_holds_up_nothing(ada: User, there: Scene) -> None:
    there.start("a", agent="impl-2")
    [one] = found(ada)
    assert (one.waits, one.taken_by) == (False, "impl-2")
    [item] = attention.items(ada.pk, timezone.now())
    assert (item.holds_up, item.seconds) == (0, None)


def test_one_that_handed_everything_back_or_has_work_is_not_lost(ada: User, there: Scene) -> None:
    agent_of(ada, "left-in-order", silent=900)
    there.start("c", agent="impl-4")
    assert found(ada) == []


def test_one_that_was_heard_a_moment_ago_is_not_lost(ada: User, there: Scene) -> None:
    heard = timezone.now()
    Agent.objects.update(last_beat_at=heard)
    assert lost.agents(ada.pk, heard + timedelta(seconds=59)) == []
    assert len(lost.agents(ada.pk, heard + timedelta(seconds=61))) == 1


def test_what_was_lost_days_ago_is_forgotten(ada: User, there: Scene) -> None:
    assert lost.count(ada.pk, timezone.now() + timedelta(days=4)) == 0


def test_a_question_comes_before_a_lost_agent_and_that_before_what_is_over(ada: User, there: Scene) -> None:
    there.start("a", agent="impl-2")  # it holds up nothing any more
    over = scene(ada, "x")
    over.start("x")
    over.fail("x")
    assert [bool(item.lost) for item in attention.items(ada.pk, over.now)] == [True, False]


# ---- put away ----


def test_dismissing_is_written_down_and_holds_until_it_loses_work_again(ada: User, there: Scene) -> None:
    assert lost.dismiss(ada.pk, impl().pk, by="user:1") == impl()
    assert (found(ada), impl().retired_at) == ([], None)
    event = Event.objects.get(run=there.run_id, kind="agent_dismissed")
    assert event.agent_id == impl().pk
    assert event.data == {"by": "user:1", "attempt": str(there.attempt("a").pk)}
    there.now = timezone.now() + timedelta(seconds=5)
    there.start("c", agent="impl-4")
    there.lose("c")
    assert len(lost.agents(ada.pk, there.now + timedelta(seconds=90))) == 1


def test_a_retired_agent_is_there_again_when_it_asks_for_work(ada: User, there: Scene) -> None:
    lost.retire(ada.pk, impl().pk, by="user:1")
    assert found(ada) == []
    assert Event.objects.filter(run=there.run_id, kind="agent_retired", agent_id=impl().pk).count() == 1
    assert impl().retired_at is not None
    agents.named(_principal(ada), "impl-4")
    assert impl().retired_at is None
    lost_again = timezone.now() + timedelta(seconds=61)
    assert [one.agent for one in lost.agents(ada.pk, lost_again)] == [impl()]


def test_registering_brings_a_retired_agent_back(ada: User, there: Scene) -> None:
    lost.retire(ada.pk, impl().pk, by="user:1")
    agents.register(_principal(ada), Registration("impl-4"))
    assert impl().retired_at is None


def test_only_what_is_lost_can_be_put_away_and_only_once(ada: User, eve: User, there: Scene) -> None:
    fresh = agent_of(ada, "fresh")
    for owner, agent in ((ada, fresh), (eve, impl())):
        with pytest.raises(Conflict):
            lost.dismiss(owner.pk, agent.pk, by="user:1")
    lost.retire(ada.pk, impl().pk, by="user:1")
    with pytest.raises(Conflict):
        lost.retire(ada.pk, impl().pk, by="user:1")
    assert Event.objects.filter(kind__startswith="agent_").count() == 1


def _principal(ada: User) -> Principal:
    """The agent's, by the token it is registered with."""
    return Principal(ada.pk, "agent", token_id=Token.objects.get(scope="agent").pk)
