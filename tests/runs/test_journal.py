"""One transaction's entries about one run: written once, or not at all."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from runs import announce, journal
from runs.models import Event, RunAgent
from runs.reports import Said
from tests.runs.factories import NOW, Work, agent, dump, violations, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs that the outside was told about."""
    told: list[int] = []
    monkeypatch.setattr(announce.herald, "tell", told.append)
    return told


def seqs(made: Work) -> list[int]:
    return list(Event.objects.filter(run=made.run_id).order_by("seq").values_list("seq", flat=True))


def test_events_are_numbered_without_a_gap_across_transactions() -> None:
    made = work({"a": {}, "b": {}})
    made.do("a")
    made.do("b", Said.FAIL)
    assert seqs(made) == list(range(1, made.run.last_seq + 1))
    assert len(seqs(made)) == 7


def test_counters_equal_the_rows_after_every_transaction() -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}, "c": {"lane": "execute", "parallelizable": False}})
    for step in (lambda: made.do("a"), lambda: made.do("c", Said.FAIL), lambda: made.begin("b"), lambda: made.run):
        step()
        assert violations(made.now) == []


def test_a_rollback_writes_nothing_and_tells_nobody(
    hints: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    made = work({"x": {}})
    rows = dump()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(DatabaseError), made.entry() as entry:
        entry.note("paused")
        entry.add(retries=1)
        entry.load(agent().pk).opened += 1
        raise DatabaseError("the disk is full")
    assert dump() == rows
    assert hints == []


def test_a_rollback_after_the_entry_tells_nobody_either(
    hints: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    made = work({"x": {}})
    rows = dump()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(DatabaseError), transaction.atomic():
        with journal.of(made.run_id, NOW) as entry:
            entry.note("paused")
        raise DatabaseError("the disk is full")
    assert dump() == rows
    assert hints == []


def test_one_hint_follows_a_transaction_after_its_commit(
    hints: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    made = work({"x": {}})
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        with journal.of(made.run_id, NOW) as entry:
            entry.note("one")
            entry.note("two")
        assert hints == []
    assert hints == [made.run_id]


def test_a_hint_that_cannot_be_sent_does_not_undo_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def fail(run_id: int) -> None:
        raise RuntimeError("the event loop is closed")

    made = work({"x": {}})
    monkeypatch.setattr(announce.herald, "tell", fail)
    with django_capture_on_commit_callbacks(execute=True), made.entry() as entry:
        entry.note("one")
    assert made.kinds()[-1] == "one"


def test_an_entry_that_changes_nothing_writes_nothing(
    hints: list[int],
    django_assert_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    made = work({"x": {}})
    rows = dump()
    made.clock.advance(3600)
    queries = 3 + (connection.vendor == "postgresql")
    with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(queries), made.entry():
        pass  # a savepoint, (on PostgreSQL) the lock of claims, the run's row, and the savepoint's release
    assert dump() == rows
    assert hints == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError), journal.of(1, NOW):
        raise AssertionError("it opened")


def test_a_run_that_is_not_there_is_named() -> None:
    with pytest.raises(journal.NoSuchRun, match="there is no run 4711"), journal.of(4711, NOW):
        raise AssertionError("it opened")


def test_a_missing_key_inside_an_entry_is_not_a_missing_run() -> None:
    made = work({"x": {}})
    with pytest.raises(KeyError) as caught, made.entry() as entry:
        entry["no such column"]
    assert not isinstance(caught.value, journal.NoSuchRun)


# ---- time ----


def test_who_waited_for_the_lock_takes_the_time_of_who_had_it() -> None:
    made = work({"x": {}})
    made.clock.advance(10)
    made.begin("x")
    made.clock.advance(-1.5)
    with made.entry() as entry:
        assert entry.now == NOW + timedelta(seconds=10)
        entry.note("late")
    assert Event.objects.get(run=made.run_id, kind="late").at == NOW + timedelta(seconds=10)
    assert "clock_step" not in made.kinds()


def test_a_clock_that_was_set_back_is_written_down() -> None:
    made = work({"x": {}})
    made.clock.advance(3600)
    lease = made.begin("x")
    made.clock.advance(-3600)
    made.say(Said.COMPLETE, lease)
    step = Event.objects.get(run=made.run_id, kind="clock_step")
    assert (step.data, step.at) == ({"gap_seconds": -3600.0}, NOW)
    assert made.run.updated_at == NOW
    assert "I22" not in {found.split()[0] for found in violations(NOW)}


def test_seconds_count_from_when_the_run_was_made() -> None:
    made = work({"x": {}})
    with made.entry() as entry:
        assert entry.seconds(NOW + timedelta(seconds=2.5)) == 2.5


# ---- order and agents ----


def test_what_was_done_in_place_reads_one_after_the_other() -> None:
    made = work({"a": {}, "b": {}})
    first, second = made.subtask("a").pk, made.subtask("b").pk
    with made.entry() as entry:
        entry.note("before")
        since = len(entry.events)
        for kind in ("leased", "started", "completed"):
            entry.note(kind, subtask=first)
            entry.note(kind, subtask=second)
        entry.one_after_the_other(since)
    assert made.kinds()[1:] == ["before", *["leased", "started", "completed"] * 2]
    assert made.kinds("a") == made.kinds("b") == ["leased", "started", "completed"]
    assert seqs(made) == list(range(1, 9))


def test_an_agent_is_active_while_it_has_anything_open() -> None:
    made = work({"x": {}})
    numbers = [agent("agent-1").pk, agent("agent-2").pk]
    for opened, active in ((1, 2), (1, 2), (-1, 2), (-1, 0)):
        with made.entry() as entry:
            for number in numbers:
                entry.load(number).opened += opened
        assert made.run.agents_active == active
    assert list(RunAgent.objects.filter(run=made.run_id).values_list("open", flat=True)) == [0, 0]


def test_open_attempts_are_those_of_both_lanes() -> None:
    made = work({"a": {}, "b": {"lane": "execute"}})
    made.begin("a")
    made.begin("b", "agent-2")
    with made.entry() as entry:
        assert (entry.open, entry.ended) == (2, False)
