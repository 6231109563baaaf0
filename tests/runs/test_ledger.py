"""The one writer: many reports in one transaction, each with its own verdict, and nothing lost when writing fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import connection

from runs import announce, ledger, loop
from runs.backends.embedded import Embedded
from runs.entry import Entry
from runs.executors.base import Outcome
from runs.ledger import Ledger, LedgerFull
from runs.models import Run, Subtask
from runs.reports import Report, Said, Verdict
from tests.runs.acting import PATIENCE, Puppet, Stage, most_open
from tests.runs.factories import NOW, Work, dump, violations, work

threads = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)  # before any real clock


def complete(made: Work, key: str, who: str = "agent-1") -> Report:
    lease = made.begin(key, who)
    return Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch)


@pytest.fixture
def book(db: None) -> Ledger:
    """A ledger without workers, taken on turn by turn."""
    made = Ledger(clock=lambda: NOW, steady=lambda: 0.0)
    made.turn()
    return made


# ---- many reports, one transaction ----


def test_all_that_waits_is_one_transaction(book: Ledger) -> None:
    made = work({f"s{at}": {} for at in range(20)})
    answers = [book.report(complete(made, f"s{at}", f"agent-{at}")) for at in range(20)]
    before = book._commits
    book.turn()
    assert book._commits == before + 1
    assert {answer.result(0).verdict for answer in answers} == {Verdict.ACCEPTED}
    assert (made.run.completed, made.run.status) == (20, "completed")
    assert violations(NOW) == []


def test_every_caller_gets_a_verdict_of_its_own(book: Ledger) -> None:
    made, other = work({"a": {}, "b": {}}), work({"c": {}})
    good, bad, far = complete(made, "a"), complete(made, "b", "agent-2"), complete(other, "c", "agent-3")
    bad.epoch += 1
    nowhere = Report(Said.COMPLETE, 4711, 1, 1)
    answers = [book.report(report) for report in (good, bad, far, nowhere)]
    book.turn()
    verdicts = [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED, Verdict.UNKNOWN]
    assert [answer.result(0).verdict for answer in answers] == verdicts
    assert [answer.result(0).current for answer in answers] == ["succeeded", "running", "succeeded", None]


def test_no_more_are_taken_at_a_time_than_a_batch_holds(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    made = work({"a": {}, "b": {}, "c": {}})
    answers = [book.report(complete(made, key, f"agent-{key}")) for key in "abc"]
    book.turn()
    assert [answer.done() for answer in answers] == [True, True, False]
    book.turn()
    assert answers[2].done()


def test_a_ledger_that_is_full_says_so() -> None:
    small = Ledger(capacity=2)
    report = Report(Said.BEAT, 1, 1, 1)
    small.report(report)
    small.report(report)
    with pytest.raises(LedgerFull):
        small.report(report)


# ---- what cannot be written ----


def test_one_report_that_cannot_be_written_does_not_hurt_its_neighbours(book: Ledger) -> None:
    made = work({"a": {}, "b": {}, "c": {}})
    poison = complete(made, "b", "agent-2")
    poison.usage.cost = float("nan")
    answers = [book.report(report) for report in (complete(made, "a"), poison, complete(made, "c", "agent-3"))]
    book.turn()
    assert [answers[at].result(0).verdict for at in (0, 2)] == [Verdict.ACCEPTED] * 2
    assert isinstance(answers[1].exception(0), ValueError)
    assert [made.status(key) for key in "abc"] == ["completed", "in_progress", "completed"]
    assert violations(NOW) == []


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb"])
def test_text_that_no_database_could_give_back_is_refused(book: Ledger, text: str) -> None:
    made = work({"a": {}})
    report = complete(made, "a")
    report.said, report.error = Said.FAIL, text
    answer = book.report(report)
    book.turn()
    assert isinstance(answer.exception(0), ValueError)
    assert Subtask.objects.get(run=made.run_id).status == "in_progress"


def test_a_workers_report_that_can_never_be_written_fails_its_attempt(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}}, max_agents=1)
    puppet.fail("a", partial_result={"so far": float("nan")})
    stage.until(lambda: made.status("a") == "failed")
    assert made.subtask("a").error == "what came of it could not be written: ValueError"
    stage.end(made, "b")


def test_a_run_in_which_nothing_can_be_written_costs_no_worker(db: None, puppet: Puppet) -> None:
    stage = Stage(puppet, workers=1)
    broken = stage.run({"a": {}})
    Run.objects.filter(pk=broken.run_id).update(lanes={"query": 5})
    puppet.finish("a")
    stage.until(lambda: len(stage.seats._idle) == 1)
    healthy = stage.run({"b": {}})
    stage.end(healthy, "b")
    Run.objects.filter(pk=broken.run_id).update(lanes={})
    stage.close()
    assert violations(stage.clock()) == []


def test_an_error_in_the_middle_leaves_nothing_half_written(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    made = work({"a": {}})
    report = complete(made, "a")
    rows = dump()

    def stumble(entry: Entry, seats: Embedded | None) -> None:
        raise KeyError("lane")

    monkeypatch.setattr(loop, "run_pass", stumble)
    answer = book.report(report)
    book.turn()
    assert isinstance(answer.exception(0), KeyError)
    assert dump() == rows


def test_the_ledger_outlives_whatever_goes_wrong(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(batch: object) -> None:
        raise ZeroDivisionError

    made = work({"a": {}})
    with monkeypatch.context() as patch:
        patch.setattr(book, "_carry_out", stumble)
        book.wake(made.run_id)
        book.turn()
    book.wake(made.run_id)
    book.turn()
    assert made.run.status == "running"


@threads
def test_what_a_worker_did_is_written_when_the_disk_has_room_again(stage: Stage, puppet: Puppet) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told that the disk is full")
    made = stage.run({"a": {}, "b": {"needs": ["a"]}})
    puppet.wait_for("a")
    with full_disk():
        puppet.jobs["a"].report(0.5, "x" * 100_000)
        puppet.finish("a", Outcome("x" * 100_000))
        puppet.wait_for()
        stage.until(lambda: len(stage.ledger._later) == 2)
        stage.pass_time(20)
        assert made.status("a") == "in_progress"
        assert len(stage.ledger._later) == 2
    stage.pass_time(1)
    assert (made.status("a"), made.run.losses) == ("completed", 0)
    stage.end(made, "b")


@contextmanager
def full_disk() -> Iterator[None]:
    """Meanwhile the database file cannot grow, and has no free pages inside that earlier tests left."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    pragma(f"max_page_count = {pragma('page_count')}")
    try:
        yield
    finally:
        pragma("max_page_count = 1000000")


def pragma(said: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {said}")
        return int(cursor.fetchone()[0])


# ---- callers and runs that are gone ----


def test_a_caller_that_gave_up_does_not_disturb_the_others(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}}, max_agents=1)
    puppet.wait_for("a")
    given_up = stage.ledger.report(Report(Said.BEAT, made.run_id, made.attempt("a").pk, 1))
    assert given_up.cancel()
    stage.end(made, "a")
    puppet.wait_for("b")
    assert len(stage.seats._idle) == 0
    stage.end(made, "b")


def test_a_run_that_was_deleted_gives_its_workers_back(stage: Stage, puppet: Puppet) -> None:
    made, other = stage.run({"a": {}}), stage.run({"b": {}})
    puppet.wait_for("a", "b")
    Run.objects.filter(pk=made.run_id).delete()
    puppet.finish("a")
    stage.until(lambda: len(stage.seats._idle) == 1)
    stage.end(other, "b")


def test_what_is_said_while_the_ledger_ends_is_sent_back() -> None:
    ended = Ledger()
    waiting = ended.report(Report(Said.BEAT, 1, 1, 1))
    ended.stop()
    with pytest.raises(LedgerFull):
        waiting.result(0)
    with pytest.raises(LedgerFull):
        ended.report(Report(Said.BEAT, 1, 1, 1))


# ---- the real thing: its own thread, real workers, real clocks ----


@pytest.fixture
def running(transactional_db: None) -> Iterator[Ledger]:
    made = Ledger(Embedded(8), chance=lambda: 0.0)
    made.start()
    yield made
    made.pause()
    assert made.seats
    made.seats.stop()
    made.stop()


def wait_until_ended(made: Work) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        since = announce.mark()
        if made.run.status in ("completed", "failed", "cancelled"):
            return made.run.status
        announce.wait(made.run_id, since, 5)
    raise AssertionError("the run never ended")


def simulated(count: int, **more: object) -> dict[str, dict[str, object]]:
    work_of = {"name": "simulate", "seconds": 0}
    return {f"s{at}": {"executor": work_of, "needs": [f"s{at - 7}"] if at >= 7 else [], **more} for at in range(count)}


@threads
@pytest.mark.parametrize("estimate", [None, 30])
def test_threads_carry_out_a_run_to_its_end(running: Ledger, estimate: int | None) -> None:
    made = work(simulated(24, estimated_seconds=estimate), max_agents=3, created_at=LONG_AGO)
    running.wake(made.run_id)
    assert wait_until_ended(made) == "completed"
    assert made.run.completed == 24
    assert most_open(made) <= 3
    assert violations(made.run.updated_at) == []


@threads
def test_a_report_is_answered_across_threads(running: Ledger) -> None:
    made = work({"a": {}}, backend="external", created_at=LONG_AGO)
    made.clock.now = LONG_AGO
    answer = running.report(complete(made, "a"))
    assert answer.result(10).verdict is Verdict.ACCEPTED
    assert wait_until_ended(made) == "completed"


@threads
def test_the_write_ahead_log_is_moved_into_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("it is about SQLite")
    monkeypatch.setattr(ledger, "CHECKPOINT_EVERY", 1)
    book = Ledger(clock=lambda: NOW, steady=lambda: 0.0)
    made = work({"a": {}})
    report = complete(made, "a")
    report.result = "x" * 900_000
    file = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # so that there is no room inside
    cast(Any, connection).checkpoint()
    before = file.stat().st_size
    book.report(report)
    book.turn()
    assert file.stat().st_size > before + 500_000
