"""SQLite under many threads: writers take turns, readers do not wait, connections are kept."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier, Event

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction

from dashboard.sqlite import base
from runs.models import Leader, Run, Subtask
from runs.reports import Said
from tests.runs.factories import NOW, agent, at_once, violations, work

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="it is about SQLite"),
]


def rename(name: str) -> None:
    """A transaction that writes."""
    with transaction.atomic():
        Leader.objects.update_or_create(name="sweep", defaults={"holder": name, "expires_at": NOW})


def others_can_write() -> bool:
    at_once(lambda: rename("another"))
    return at_once(lambda: Leader.objects.get().holder) == ["another"]


@contextmanager
def somebody_writing() -> Iterator[None]:
    """A thread that holds a transaction open for as long as the block lasts."""
    begun, enough = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            rename("somebody")
            begun.set()
            enough.wait(10)
        connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        done: Future[None] = threads.submit(hold)
        assert begun.wait(10)
        try:
            yield
        finally:
            enough.set()
        done.result(10)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the write lock."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.01)


# ---- writers ----


def test_thirty_two_threads_of_transitions_never_find_the_database_locked() -> None:
    threads, each = 32, 2
    made = work({f"s{at}": {} for at in range(threads * each)})
    for number in range(threads):
        agent(f"agent-{number}")

    def labour(number: int) -> int:
        for at in range(number * each, (number + 1) * each):
            lease = made.lease(f"s{at}", f"agent-{number}")
            made.say(Said.COMPLETE, lease)
        return each

    assert sum(at_once(*(lambda number=number: labour(number) for number in range(threads)))) == made.run.completed
    assert violations(NOW) == []


def test_a_transaction_waits_for_the_one_before_it() -> None:
    order = []

    def write(name: str) -> None:
        rename(name)
        order.append(name)

    with ThreadPoolExecutor(1) as threads:
        with somebody_writing():
            late = threads.submit(write, "late")
            order.append("somebody")
        late.result(10)
        threads.submit(connections.close_all).result(10)
    assert order == ["somebody", "late"]
    assert Leader.objects.get().holder == "late"


@pytest.mark.usefixtures("impatient")
def test_who_waits_too_long_is_told_so() -> None:
    with somebody_writing(), pytest.raises(OperationalError, match="database is locked"):
        rename("impatient")
    rename("later")
    assert Leader.objects.get().holder == "later"


@pytest.mark.usefixtures("impatient")
def test_a_single_statement_takes_its_turn_too() -> None:
    rename("first")
    with somebody_writing(), pytest.raises(OperationalError, match="database is locked"):
        Leader.objects.update(holder="single")
    assert Leader.objects.update(holder="single") == 1
    assert others_can_write()


@pytest.mark.usefixtures("impatient")
def test_a_checkpoint_takes_its_turn_too() -> None:
    wrapper = connection
    with somebody_writing(), pytest.raises(OperationalError, match="database is locked"):
        wrapper.checkpoint()  # type: ignore[attr-defined]
    wrapper.checkpoint()  # type: ignore[attr-defined]
    with wrapper.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        _, pages, moved = cursor.fetchone()
    assert pages == moved
    assert others_can_write()


def test_transactions_within_a_transaction_hold_the_lock_once() -> None:
    with transaction.atomic():
        rename("inner")
        assert connection.holds_write_lock  # type: ignore[attr-defined]
    assert not connection.holds_write_lock  # type: ignore[attr-defined]
    assert others_can_write()


# ---- the lock is given back, whatever happens ----


def test_the_lock_is_free_after_an_error_inside_a_transaction() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        rename("undone")
        raise ZeroDivisionError
    assert others_can_write()
    assert Leader.objects.get().holder == "another"


def test_the_lock_is_free_after_a_commit_that_failed() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Subtask.objects.create(run_id=4711, key="x", position=0, content="of no run")
    assert others_can_write()


def test_the_lock_is_free_after_a_transaction_that_could_not_begin() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
    stranger = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            rename("refused")
    finally:
        stranger.close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")
    assert others_can_write()


def test_the_lock_is_free_after_a_connection_was_closed_in_a_transaction() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        rename("undone")
        connection.close()
        assert others_can_write()
        Run.objects.count()
    connection.close()
    assert Leader.objects.get().holder == "another"


def test_the_lock_is_free_after_a_statement_that_failed() -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("DELETE FROM nowhere")
    assert others_can_write()


# ---- readers ----


def test_readers_do_not_wait_for_a_writer() -> None:
    rename("before")
    with somebody_writing():
        assert Leader.objects.get().holder == "before"
    assert Leader.objects.get().holder == "somebody"


# ---- the pool ----


def borrowed() -> int:
    """Which connection a thread is given."""
    connection.ensure_connection()
    return id(connection.connection)


def test_a_closed_connection_serves_the_next_thread() -> None:
    base.forget_idle_connections()
    assert at_once(borrowed) == at_once(borrowed)


def test_two_threads_at_a_time_never_share_a_connection() -> None:
    count = base.POOL_SIZE + 4
    all_have_one = Barrier(count)

    def borrow() -> int:
        number = borrowed()
        all_have_one.wait(10)
        return number

    assert len(set(at_once(*[borrow] * count))) == count
    assert sum(map(len, base._pool.values())) == base.POOL_SIZE


def test_a_connection_in_the_middle_of_something_is_not_kept() -> None:
    base.forget_idle_connections()

    def leave_open() -> int:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        return borrowed()

    at_once(leave_open)
    assert not any(base._pool.values())


def test_a_kept_connection_still_checks_references() -> None:
    base.forget_idle_connections()

    def checks() -> list[tuple[int]]:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys")
            return cursor.fetchall()

    assert at_once(checks) == at_once(checks) == [[(1,)]]


FORK = """
import os, sys, django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "dashboard.sqlite", "NAME": sys.argv[1]}})
django.setup()
from django.db import connection, transaction
from dashboard.sqlite import base
connection.ensure_connection()
connection.close()
base._write_lock.acquire()
base._pool_lock.acquire()
child = os.fork()
if child == 0:
    connection.ensure_connection()
    (kept,) = base._pool.values()
    assert kept and connection.connection not in kept
    with transaction.atomic():
        connection.cursor().execute("CREATE TABLE written_by_child (id)")
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1] != 0)
"""


def test_a_child_made_by_fork_neither_waits_for_its_parent_nor_shares_with_it(tmp_path: Path) -> None:
    database = tmp_path / "forked.sqlite3"
    subprocess.run([sys.executable, "-c", FORK, str(database)], check=True, timeout=30)
    with closing(sqlite3.connect(database)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("written_by_child",)]
