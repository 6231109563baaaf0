"""Agents from outside beside workers of ours, on one ledger: lanes say who takes what, nobody takes it twice."""

from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runs import transitions
from runs.external import leasing
from runs.external.wanted import Seeker, Wanted
from runs.leases import Lease
from runs.models import Agent, Attempt, Run, Token
from runs.orchestrating import orchestrator
from runs.reports import Report, Said, Verdict
from runs.slips import Slip
from runs.tokens import digest
from tests.factories import token_of
from tests.runs.acting import Stage
from tests.runs.api.outside import Outsider, row, run_of
from tests.runs.factories import Work, violations

PUPPET = {"executor": {"name": "puppet"}}
OUTSIDE = {"executor": None}


@pytest.fixture
def impl(ada: User) -> Agent:
    token = Token.objects.get(digest=digest(token_of(ada, "agent")))
    return Agent.objects.create(name="impl-1", kind="agent", token=token)


def seeker(agent: Agent) -> Seeker:
    return Seeker(agent.pk, agent.name, agent.token_id, tuple(agent.capabilities), tuple(agent.lanes))


def ask(stage: Stage, run: Work, impl: Agent, limit: int = 1) -> list[Lease]:
    """The agent asks for work in one turn of the ledger."""
    wanted = Wanted(seeker(impl), limit, stage.clock())
    slip = Slip(run.run_id, wanted=wanted, answer=Future())
    stage.ledger.submit([slip])
    stage.ledger.turn()
    assert slip.answer is not None and slip.answer.done()
    return wanted.leases


def say(stage: Stage, said: Said, run: Work, lease: Lease, **more: Any) -> Report:
    answer = stage.ledger.report(Report(said, run.run_id, lease.attempt, lease.epoch, **more))
    stage.ledger.turn()
    return answer.result(0)


def keys(leases: list[Lease]) -> list[str]:
    return [lease.key for lease in leases]


def test_an_external_lane_is_left_to_agents(stage: Stage, impl: Agent) -> None:
    run = stage.run(
        {"look": PUPPET | {"lane": "query"}, "change": PUPPET | {"lane": "execute"}},
        lanes={"execute": {"mode": "external"}},
    )
    stage.wait_for("look")
    assert (run.run.outside, run.status("change")) == (1, "pending")
    [lease] = ask(stage, run, impl, limit=9)
    assert lease.key == "change"
    stage.end(run, "look")
    assert say(stage, Said.COMPLETE, run, lease).verdict is Verdict.ACCEPTED
    assert run.run.status == "completed"


def test_a_hybrid_lane_goes_to_whoever_comes_first(stage: Stage, impl: Agent) -> None:
    work = {key: PUPPET | {"lane": "query", "estimated_seconds": 0.01} for key in "abcd"}
    run = stage.run(work, lanes={"query": {"mode": "hybrid", "concurrency": 3}}, max_agents=3)
    stage.wait_for("a", "b", "c")
    assert ask(stage, run, impl) == [], "as many are open as may be"
    stage.puppet.finish("a")
    stage.until(lambda: run.status("a") == "completed")
    stage.wait_for("b", "c", "d")
    for key in "bcd":
        stage.end(run, key)


def test_what_is_shared_is_never_done_in_place(stage: Stage, impl: Agent) -> None:
    """It would be done where nobody sees it, and by an agent as well."""
    work = {f"s{n}": PUPPET | {"lane": "query", "estimated_seconds": 0.001} for n in range(4)}
    run = stage.run(work, lanes={"query": {"mode": "hybrid"}}, max_agents=4, strategy="sequential")
    stage.wait_for("s0")
    assert stage.seats.reserved() == set()
    stage.puppet.finish("s0")
    stage.end(run, *work)


def test_agents_and_workers_share_what_is_allowed(stage: Stage, impl: Agent) -> None:
    run = stage.run({"mine": PUPPET, "a": OUTSIDE, "b": OUTSIDE, "c": OUTSIDE}, max_agents=3)
    stage.wait_for("mine")
    first = ask(stage, run, impl, limit=9)
    assert (keys(first), run.run.agents_active) == (["a", "b"], 2)
    say(stage, Said.COMPLETE, run, first[0])
    assert keys(ask(stage, run, impl, limit=9)) == ["c"]
    stage.end(run, "mine")


def test_workers_change_nothing_while_agents_have_still_to_read(stage: Stage, impl: Agent) -> None:
    run = stage.run(
        {"read": OUTSIDE, "change": PUPPET | {"lane": "execute"}},
        strategy="hybrid",
        lanes={"query": {"mode": "external"}},
    )
    assert run.status("change") == "pending"
    [lease] = ask(stage, run, impl)
    say(stage, Said.COMPLETE, run, lease)
    stage.wait_for("change")
    stage.end(run, "change")


def test_what_a_worker_holds_an_agent_waits_for(stage: Stage, impl: Agent) -> None:
    claim = {"resources_known": True, "claims": [{"kind": "file", "name": "a.py"}], "lane": "execute"}
    run = stage.run({"mine": PUPPET | claim, "theirs": OUTSIDE | claim})
    stage.wait_for("mine")
    assert ask(stage, run, impl) == []
    assert (run.run.held_back, run.run.outside) == (1, 0)
    assert violations(stage.clock()) == []
    stage.end(run, "mine")
    assert (run.run.held_back, run.run.outside) == (0, 1)
    assert keys(ask(stage, run, impl)) == ["theirs"]


def test_a_silent_agent_loses_its_work_to_the_next(stage: Stage, impl: Agent) -> None:
    run = stage.run({"a": OUTSIDE})
    [lease] = ask(stage, run, impl)
    stage.pass_time(14)
    assert run.attempt("a").status == "leased"
    stage.pass_time(2)
    assert (run.attempt("a").status, run.run.outside) == ("lost", 1)
    [again] = ask(stage, run, impl)
    assert (again.epoch, again.attempts_used) == (2, 2)
    assert say(stage, Said.COMPLETE, run, lease).verdict is Verdict.REFUSED
    assert say(stage, Said.COMPLETE, run, again).verdict is Verdict.ACCEPTED


def test_a_cancel_that_no_agent_answers_ends_in_sixteen_seconds(stage: Stage, impl: Agent) -> None:
    run = stage.run({"a": OUTSIDE, "b": OUTSIDE})
    [lease] = ask(stage, run, impl)
    with run.entry() as entry:
        transitions.request_cancel(entry)
    for _ in range(3):  # it goes on as if it had heard nothing
        stage.pass_time(4.5)
        assert run.run.status == "running"
        say(stage, Said.BEAT, run, lease)
    stage.pass_time(2)
    assert (run.run.status, run.status("a"), run.status("b")) == ("cancelled", "cancelled", "cancelled")


# ---- many that ask at one moment ----


def ask_together(stage: Stage, run: Work, agents: list[Agent]) -> list[list[str]]:
    """The keys that each of them got, in one turn of the ledger."""
    wanted = [Wanted(seeker(agent), 1, stage.clock()) for agent in agents]
    stage.ledger.submit([Slip(run.run_id, wanted=one, answer=Future()) for one in wanted])
    stage.ledger.turn()
    return [keys(one.leases) for one in wanted]


def others(impl: Agent, count: int, **said: Any) -> list[Agent]:
    names = [f"other-{at}" for at in range(count)]
    return [Agent.objects.create(name=name, kind="agent", token=impl.token, **said) for name in names]


def test_agents_that_ask_at_one_moment_each_get_what_comes_next(stage: Stage, impl: Agent) -> None:
    run = stage.run(dict.fromkeys("abc", OUTSIDE))
    assert ask_together(stage, run, [impl, *others(impl, 3)]) == [["a"], ["b"], ["c"], []]


def test_agents_that_ask_at_one_moment_get_no_more_than_the_run_allows(stage: Stage, impl: Agent) -> None:
    run = stage.run(dict.fromkeys("abcd", OUTSIDE), max_agents=2)
    assert ask_together(stage, run, [impl, *others(impl, 3)]) == [["a"], ["b"], [], []]


def test_what_is_meant_for_one_of_them_goes_to_nobody_else(stage: Stage, impl: Agent) -> None:
    run = stage.run(
        {"a": OUTSIDE | {"assigned_agent": "other-0"}, "b": OUTSIDE | {"assigned_agent": "other-0"}, "c": OUTSIDE}
    )
    assert ask_together(stage, run, [impl, *others(impl, 1)]) == [["c"], ["a"]]


def test_agents_of_different_capabilities_get_what_each_can_do(stage: Stage, impl: Agent) -> None:
    run = stage.run(
        {"a": {"executor": {"name": "read", "path": "x"}}, "b": OUTSIDE}, lanes={"query": {"mode": "external"}}
    )
    [reader] = others(impl, 1, capabilities=["read"])
    Agent.objects.filter(pk=impl.pk).update(capabilities=["shell"])
    impl.refresh_from_db()
    assert ask_together(stage, run, [impl, reader]) == [["b"], ["a"]]


def test_a_moment_in_which_many_ask_takes_as_many_statements_as_one_in_which_two_do(stage: Stage, impl: Agent) -> None:
    run = stage.run({f"s{at}": OUTSIDE for at in range(20)}, max_agents=20)
    agents = [impl, *others(impl, 9)]
    counts = []
    for asking in (agents[:2], agents):
        with CaptureQueriesContext(connection) as captured:
            assert all(ask_together(stage, run, asking))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_paused_ledger_gives_no_leases(stage: Stage, impl: Agent) -> None:
    run = stage.run({"a": OUTSIDE})
    stage.ledger.pause()
    assert ask(stage, run, impl) == []


# ---- a server that starts again ----


@pytest.mark.django_db
def test_a_server_that_starts_leaves_agents_their_work_and_time_to_report(ada: User) -> None:
    run_of(ada)
    outsider = Outsider(ada)
    lease = outsider.take()
    now = timezone.now()
    Attempt.objects.update(lease_expires_at=now - timedelta(minutes=5))
    assert orchestrator.recover(now) == 0
    assert (row(lease).status, row(lease).lease_expires_at) == ("leased", now + timedelta(seconds=15))
    assert outsider.say("complete", lease).status_code == 200


@pytest.mark.django_db
def test_an_agent_that_calls_itself_like_a_worker_of_ours_is_none(ada: User) -> None:
    run_of(ada)
    lease = Outsider(ada).take()
    Agent.objects.update(kind="embedded")
    assert orchestrator.recover(timezone.now()) == 0
    assert row(lease).status == "leased"


# ---- whose turn it is ----


def test_runs_with_least_under_way_come_first_then_those_served_longest_ago() -> None:
    turns = leasing._Turns()
    turns.served(1)
    turns.served(2)
    assert turns.order([(1, 0), (2, 0), (3, 0), (4, 1)]) == [3, 1, 2, 4]
    turns.served(1)
    assert turns.order([(1, 0), (2, 0)]) == [2, 1]


@pytest.mark.django_db
def test_a_run_that_has_nothing_for_agents_is_not_asked(ada: User) -> None:
    run = run_of(ada, {"key": "a", "executor": {"name": "simulate"}}, backend="embedded")
    assert leasing.with_work(ada.pk, None) == leasing.with_work(ada.pk, run.pk) == []
    Run.objects.filter(pk=run.pk).update(lanes={"query": {"mode": "hybrid"}})
    assert leasing.with_work(ada.pk, None) == leasing.with_work(ada.pk, run.pk) == [(run.pk, 0)]
