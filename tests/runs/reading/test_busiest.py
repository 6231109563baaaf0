"""What keeps subtasks apart the most: the last row of the timeline."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.reading import busiest, timeline
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def claim(kind: str, name: str, amount: int = 1, mode: str = "write") -> list[dict[str, Any]]:
    return [{"kind": kind, "name": name, "mode": mode, "amount": amount}]


@pytest.fixture
def there(ada: User) -> Scene:
    """a, b and c claim one folder, d and e another."""
    claims = {key: claim("file", "src/**") for key in "abc"} | {key: claim("file", "docs/**") for key in "de"}
    return scene(ada, "abcdef", claims=claims, max_agents=6)


def test_it_is_what_is_held_for_longest(there: Scene) -> None:
    found = busiest.of(there.run)
    assert found is not None
    assert (found.kind, found.name, found.keys) == ("file", "src/**", frozenset("abc"))


def test_it_is_said_how_many_wait_for_it(there: Scene) -> None:
    there.start("a", "b", "c", "d", "e")
    assert busiest.described(there.run) == {"kind": "file", "name": "src/**", "waiting": 2}
    there.complete("a")
    there.start("b", "c")
    assert busiest.described(there.run) == {"kind": "file", "name": "src/**", "waiting": 1}


def test_bars_say_whether_they_hold_it(there: Scene) -> None:
    there.start("a", "d", "f")
    held = {bar[5]: bar[9] for bar in timeline.chunk(there.run, "").bars}
    assert held == {"a": 1, "d": 0, "f": 0}


def test_of_a_database_the_load_is_a_share_of_its_connections(ada: User) -> None:
    claims = {key: claim("database", "main", 5) for key in "abc"} | {key: claim("file", "src/**") for key in "de"}
    found = busiest.of(scene(ada, "abcde", claims=claims).run)
    assert found is not None
    assert found.name == "src/**"  # 20 s one after the other; of 8 connections 15 are wanted for 10 s


@pytest.mark.parametrize("claims", [{}, {"a": claim("file", "x")}, {"a": claim("file", "x"), "b": claim("file", "y")}])
def test_where_nobody_is_in_the_way_there_is_none(ada: User, claims: dict) -> None:
    assert busiest.described(scene(ada, "ab", claims=claims).run) is None


def test_it_is_looked_up_once(there: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    run = there.run
    busiest.of(run)
    with django_assert_num_queries(0):
        busiest.described(run)


@pytest.mark.parametrize(
    ("claimed", "shares"),
    [
        (claim("file", "src/**"), 1),
        (claim("database", "main", 5), 2),  # of ten connections
        (claim("database", "main", 3), 3),
        (claim("database", "main"), 5),  # no more than there are
    ],
)
def test_it_is_known_how_many_may_hold_it_at_once(ada: User, claimed: list[dict[str, Any]], shares: int) -> None:
    claims = dict.fromkeys("abcd", claimed) | {"e": claim("database", "main", 9)}
    found = busiest.of(scene(ada, "abcde", claims=claims).run)
    assert found is not None
    assert found.shares == shares
