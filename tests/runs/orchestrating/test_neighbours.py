"""Hints between processes on one PostgreSQL: heard by all others, and nothing hangs on them."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from runs import announce
from runs.orchestrating.neighbours import CHANNEL, MOST_TOLD, Neighbours
from tests import servers

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need PostgreSQL"),
]


class Heard:
    """What one process was told."""

    def __init__(self) -> None:
        self.changed: set[int] = set()
        self.woken: set[int] = set()
        self.neighbours = Neighbours(self.changed.update, self.woken.update)


def soon(said: Callable[[], bool]) -> bool:
    """Waits until it is so."""
    servers.until(said, "it is heard", 10)
    return said()


@pytest.fixture
def two() -> Iterator[tuple[Heard, Heard]]:
    found = Heard(), Heard()
    for one in found:
        one.neighbours.start()
        assert one.neighbours.listening.wait(10)
    yield found
    for one in found:
        one.neighbours.stop()


def test_what_one_tells_the_other_hears_and_it_does_not(two: tuple[Heard, Heard]) -> None:
    one, other = two
    one.neighbours.tell("changed", 7)
    one.neighbours.tell("wake", 8)
    assert soon(lambda: other.changed == {7} and other.woken == {8})
    assert not one.changed and not one.woken


def test_more_than_one_notification_can_hold_is_told_all_the_same(two: tuple[Heard, Heard]) -> None:
    one, other = two
    numbers = set(range(10**15, 10**15 + 2 * MOST_TOLD))
    for number in numbers:
        one.neighbours.tell("changed", number)
    assert soon(lambda: other.changed == numbers)


def test_what_nobody_understands_is_passed_over(two: tuple[Heard, Heard]) -> None:
    one, other = two
    with connection.cursor() as cursor:
        for payload in ("", "[]", "null", '{"shout": [1]}', '{"changed": 1}', "x" * 500):
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
    one.neighbours.tell("changed", 7)
    assert soon(lambda: other.changed == {7})


def test_a_connection_that_was_cut_is_made_anew(two: tuple[Heard, Heard]) -> None:
    one, other = two
    other.neighbours.listening.clear()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = %s", [f"LISTEN {CHANNEL}"])
    assert other.neighbours.listening.wait(10)
    one.neighbours.tell("changed", 7)
    assert soon(lambda: other.changed == {7})


def test_what_was_told_last_is_still_sent_when_it_stops(two: tuple[Heard, Heard]) -> None:
    _, other = two
    third = Neighbours(lambda numbers: None)
    third.start()
    assert third.listening.wait(10)
    third.tell("changed", 9)
    third.stop()
    assert soon(lambda: other.changed == {9})


def test_who_waits_for_work_is_woken_by_another_process(two: tuple[Heard, Heard]) -> None:
    announce.meet()
    try:
        mark, woken = announce.mark(), threading.Event()

        def wait() -> None:
            announce.wait(announce.WORK, mark, 30)
            woken.set()

        threading.Thread(target=wait).start()
        servers.until(lambda: announce._neighbours is not None and announce._neighbours.listening.is_set(), "it hears")
        two[0].neighbours.tell("changed", announce.WORK)
        assert woken.wait(10)
    finally:
        announce.part()
