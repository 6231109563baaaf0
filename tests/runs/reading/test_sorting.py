"""Subtasks sorted by what a column of their table shows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.models import Subtask
from runs.reading import browse, sorting
from runs.reading.browse import SubtaskFilter
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def mixed(ada: User) -> Scene:
    """b took 3 s, c took 9 s and was lost once before, e began a minute ago; a and d have not been tried."""
    there = scene(ada, "abcde", max_agents=5)
    there.start("b", agent="zoe")
    there.start("c", "e", agent="bob")
    there.later(3)
    there.complete("b")
    there.lose("c")
    there.start("c", agent="bob")
    there.later(9)
    there.complete("c")
    Subtask.objects.filter(key="e").update(started_at=timezone.now() - timedelta(minutes=1))
    return there


def keys(there: Scene, order: str, limit: int = 50, status: str = "") -> str:
    """All of them, page by page."""
    found, cursor = "", ""
    while True:
        page = browse.subtasks(there.run, SubtaskFilter(status=status, order=order), cursor, limit)
        found += "".join(row.key for row in page.rows)
        if not page.next:
            return found
        cursor = page.next


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("key", "abcde"),
        ("-key", "edcba"),
        ("position", "abcde"),
        ("-position", "edcba"),
        ("agent", "cebad"),
        ("-agent", "bcead"),
        ("tries", "becad"),
        ("-tries", "cbead"),
        ("-time", "ecbad"),
    ],
)
def test_subtasks_are_sorted_both_ways_and_those_without_a_value_come_last(
    mixed: Scene, order: str, found: str, limit: int
) -> None:
    assert keys(mixed, order, limit) == found


def test_the_time_of_what_is_under_way_goes_on(mixed: Scene) -> None:
    assert keys(mixed, "time") == "bcead"
    assert keys(mixed, "time", status="completed") == "bc"
    assert keys(mixed, "-time", status="completed") == "cb"


def test_pages_lead_back_the_way_they_came(mixed: Scene) -> None:
    wanted = SubtaskFilter(order="-time")
    second = browse.subtasks(mixed.run, wanted, browse.subtasks(mixed.run, wanted, "", 2).next, 2)
    assert [row.key for row in second.rows] == ["b", "a"]
    assert [row.key for row in browse.subtasks(mixed.run, wanted, second.previous, 2).rows] == ["e", "c"]


def test_a_large_run_is_sorted_only_where_an_index_helps(mixed: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "SEARCHED_WHOLE", 2)
    assert browse.orders(mixed.run) == ("status", *sorting.INDEXED)
    assert keys(mixed, "-time") == keys(mixed, "status")
