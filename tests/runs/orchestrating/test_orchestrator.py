"""The ledger and the workers of a process, started and stopped together."""

import logging
from collections.abc import Iterator

import pytest

from runs import actions, announce, transitions
from runs.models import Agent, Run
from runs.orchestrating import orchestrator
from runs.reports import Said
from tests.runs.acting import Puppet
from tests.runs.factories import NOW, agent, todo, violations, work

threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def started(transactional_db: None) -> Iterator[None]:
    orchestrator.start()
    yield
    orchestrator.stop()


def wait_for(run: Run, *statuses: str) -> str:
    for _ in range(100):
        since = announce.mark()
        run.refresh_from_db()
        if run.status in statuses:
            return run.status
        announce.wait(run.pk, since, 5)
    raise AssertionError(f"the run never was {statuses}")


@threads
def test_a_run_that_is_started_is_carried_out(started: None) -> None:
    tree = todo({key: {"executor": {"name": "simulate", "seconds": 0}} for key in "abc"})
    run = actions.start(tree, actions.Options())
    assert wait_for(run, "completed", "failed") == "completed"
    assert violations(run.updated_at) == []


@threads
def test_a_run_that_is_cancelled_ends(started: None, puppet: Puppet) -> None:
    run = actions.start(todo({"a": {"executor": {"name": "puppet"}}}), actions.Options())
    puppet.wait_for("a")
    actions.cancel(run.pk)
    assert wait_for(run, "cancelled") == "cancelled"


@threads
def test_a_process_has_one_orchestrator(started: None) -> None:
    assert orchestrator.ledger() is not None
    with pytest.raises(RuntimeError, match="running already"):
        orchestrator.start()


@threads
def test_stopping_writes_down_what_was_handed_back_and_starting_goes_on(puppet: Puppet) -> None:
    orchestrator.start()
    run = actions.start(todo({"a": {"executor": {"name": "puppet"}}}), actions.Options())
    puppet.wait_for("a")
    orchestrator.stop()
    subtask = run.subtasks.get()
    assert (subtask.status, subtask.attempts_used, orchestrator.ledger()) == ("pending", 0, None)
    orchestrator.start()
    try:
        puppet.finish("a")
        assert wait_for(run, "completed") == "completed"
    finally:
        orchestrator.stop()


def test_stopping_what_does_not_run_does_nothing() -> None:
    orchestrator.stop()
    assert orchestrator.ledger() is None


@pytest.mark.django_db
def test_without_an_orchestrator_nobody_is_woken() -> None:
    orchestrator.wake(1)
    assert orchestrator.ledger() is None


# ---- after a server that died ----


@pytest.mark.django_db
def test_what_a_dead_server_was_doing_is_lost_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    made, other = work({"a": {}, "b": {}, "c": {}}), work({"d": {"max_retries": 0}})
    made.begin("a")
    made.lease("b", "agent-2")
    made.do("c")
    other.begin("d", "agent-3")
    with caplog.at_level(logging.WARNING):
        assert orchestrator.recover(NOW) == 3
    assert [made.status(key) for key in "abc"] == ["pending", "pending", "completed"]
    assert (made.attempt("a").status, made.attempt("a").error) == ("lost", "the server ended while it ran")
    assert (made.subtask("a").attempts_used, made.run.losses, made.run.agents_active) == (1, 2, 0)
    assert (other.status("d"), other.run.failed) == ("failed", 1)
    assert "3 attempts were under way" in caplog.text
    assert violations(NOW) == []


@pytest.mark.django_db
def test_agents_outside_live_on_when_the_server_dies() -> None:
    made = work({"a": {}})
    made.begin("a", "outsider")
    Agent.objects.filter(pk=agent("outsider").pk).update(kind="claude")
    assert orchestrator.recover(NOW) == 0
    assert made.attempt("a").status == "running"


@pytest.mark.django_db
def test_what_was_asked_to_stop_when_the_server_died_is_cancelled() -> None:
    made = work({"a": {}})
    made.begin("a")
    with made.entry() as entry:
        transitions.request_cancel(entry)
    orchestrator.recover(NOW)
    assert (made.status("a"), made.run.stopping) == ("cancelled", 0)


@pytest.mark.django_db
def test_a_server_that_ended_well_leaves_nothing_to_recover(caplog: pytest.LogCaptureFixture) -> None:
    made = work({"a": {}})
    made.do("a", Said.RELEASE)
    assert orchestrator.recover(NOW) == 0
    assert caplog.records == []
