from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs import tokens, transitions
from runs.models import Agent, Attempt, Token
from runs.reading import activity, agent_figures, roster
from tests.scenes import scene

pytestmark = pytest.mark.django_db


def outside(owner: User, name: str, parent: Agent | None = None, silent: float = 0.0, **more: object) -> Agent:
    token = Token.objects.filter(owner=owner, scope="agent").first()
    if token is None:
        tokens.make(owner, "agents", scope="agent")
        token = Token.objects.get(owner=owner, scope="agent")
    heard = timezone.now() - timedelta(seconds=silent)
    return Agent.objects.create(name=name, kind="claude", token=token, parent=parent, last_beat_at=heard, **more)


def tree(owner: User) -> list[tuple[str, int, str]]:
    return [(one.name, one.depth, one.status) for one in roster.members(owner.pk, timezone.now())]


def test_agents_stand_below_their_parents_in_the_order_of_their_names(ada: User) -> None:
    lead = outside(ada, "lead")
    ten, two = outside(ada, "impl-10", lead), outside(ada, "impl-2", lead)
    outside(ada, "sub", ten)
    outside(ada, "alone")
    assert [(name, depth) for name, depth, _ in tree(ada)] == [
        ("alone", 0),
        ("lead", 0),
        (two.name, 1),
        (ten.name, 1),
        ("sub", 2),
    ]


def test_an_agent_is_busy_idle_lost_or_retired(ada: User) -> None:
    run = scene(ada, "ab", max_agents=2)
    run.start("a", agent="agent-1")
    outside(ada, "fresh", silent=20)
    outside(ada, "silent", silent=61)
    outside(ada, "gone", silent=900, retired_at=timezone.now())
    assert {name: status for name, _, status in tree(ada)} == {
        "agent-1": "busy",
        "fresh": "idle",
        "silent": "lost",
        "gone": "retired",
    }


@pytest.mark.parametrize(("ended", "status"), [("succeeded", "idle"), ("cancelled", "idle"), ("lost", "lost")])
def test_who_reports_has_nothing_more_to_say_when_its_work_is_done(ada: User, ended: str, status: str) -> None:
    run = scene(ada, "a")
    reporter = outside(ada, "reporter", silent=300)
    Agent.objects.update(kind="reported")
    run.start("a", agent="reporter")
    run.complete("a")
    Attempt.objects.update(status=ended, last_beat_at=reporter.last_beat_at)
    (found,) = agent_figures.of_agents([Agent.objects.get()], timezone.now())
    (strip,) = activity.agents([run.run.pk], 5, timezone.now())
    assert tree(ada) == [("reporter", 0, status)]
    assert (found["status"], strip.lost is not None) == (status, status == "lost")


def test_an_agent_that_works_on_quietly_is_busy_and_a_heartbeat_is_a_word(ada: User) -> None:
    run = scene(ada, "ab", max_agents=2)
    long, done = outside(ada, "long", silent=300), outside(ada, "done", silent=300)
    run.start("a", agent="long")
    run.start("b", agent="done")
    run.complete("b")
    Attempt.objects.filter(agent__name="done").update(last_beat_at=timezone.now() - timedelta(seconds=20))
    assert {name: status for name, _, status in tree(ada)} == {"long": "busy", "done": "idle"}
    told = agent_figures.of_agents([long, done], timezone.now())
    assert [one["status"] for one in told] == ["busy", "idle"]


def test_a_busy_agent_was_heard_when_its_work_was(ada: User) -> None:
    run = scene(ada, "ab", max_agents=2)
    outside(ada, "long", silent=300)
    run.start("a", agent="long")
    beat = timezone.now() - timedelta(seconds=3)
    Attempt.objects.update(last_beat_at=beat)
    assert [one.heard for one in roster.members(ada.pk, timezone.now())] == [beat]


def test_agents_of_somebody_else_are_not_there(ada: User, eve: User) -> None:
    outside(eve, "hers")
    assert tree(ada) == []


def test_figures_follow_from_what_an_agent_has_done(ada: User) -> None:
    run = scene(ada, "abcd", max_agents=2)
    run.start("a", agent="agent-1")
    run.later(20)
    run.complete("a")
    run.start("b", agent="agent-1")
    run.later(10)
    run.fail("b")
    run.later(30)
    run.start("c", agent="agent-1")
    run.later(10)
    agent = Agent.objects.get(name="agent-1")
    found = roster.figures(ada.pk, [agent.pk], run.now)[agent.pk]
    assert (found.completed, found.ended) == (1, 2)
    assert found.elapsed == pytest.approx(70, abs=0.01)
    assert found.utilization == pytest.approx(40 / 70, abs=0.001)
    assert found.per_minute == pytest.approx(60 / 70, abs=0.001)
    assert found.most == "simulate, query"
    assert found.at is not None
    assert found.at.subtask.key == "c"


def test_time_in_which_nobody_was_to_be_at_work_takes_nothing_from_an_agent(ada: User) -> None:
    run = scene(ada, "ab")
    run.start("a", agent="agent-1")
    run.later(20)
    run.complete("a")
    for verb, seconds in (("pause", 1000), ("resume", 20), ("pause", 5000)):
        with run.entry() as entry:
            assert transitions.move(entry, verb)
        run.later(seconds)
    agent = Agent.objects.get(name="agent-1")
    found = roster.figures(ada.pk, [agent.pk], run.now)[agent.pk]
    (told,) = agent_figures.of_agents([agent], run.now)
    assert found.elapsed == pytest.approx(40, abs=0.01)
    assert found.utilization == pytest.approx(0.5, abs=0.001)
    assert told["utilization_percent"] == pytest.approx(50, abs=0.1)


def test_the_average_is_of_attempts_that_have_ended(ada: User) -> None:
    run = scene(ada, "abc", max_agents=2)
    run.start("a", agent="agent-1")
    run.later(20)
    run.complete("a")
    run.start("b", agent="agent-1")
    run.later(300)
    agent = Agent.objects.get(name="agent-1")
    assert roster.figures(ada.pk, [agent.pk], run.now)[agent.pk].average == pytest.approx(20, abs=0.01)


def test_what_is_done_for_others_is_not_counted(ada: User, eve: User) -> None:
    hers = scene(eve, "a")
    hers.start("a", agent="agent-1")
    hers.complete("a")
    agent = Agent.objects.get(name="agent-1")
    assert roster.figures(ada.pk, [agent.pk], hers.now) == {}
    assert tree(ada) == [("agent-1", 0, "idle")]
