import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.plan.rollup import TOTAL, no_counts, roll_up, status_of
from todos.plan.words import Status


def counts(words: str) -> dict[str, int]:
    """`"pc"`: one leaf pending, one completed."""
    names = {"p": "pending", "i": "in_progress", "c": "completed", "f": "failed", "x": "cancelled", "s": "skipped"}
    found = no_counts()
    for word in words:
        found[names[word]] += 1
        found[TOTAL] += 1
    return found


@pytest.mark.parametrize(
    ("leaves", "status"),
    [
        ("p", "pending"),
        ("pp", "pending"),
        ("ps", "pending"),
        ("px", "pending"),
        ("pi", "in_progress"),
        ("i", "in_progress"),
        ("pc", "in_progress"),
        ("pf", "in_progress"),
        ("if", "in_progress"),
        ("ix", "in_progress"),
        ("c", "completed"),
        ("cs", "completed"),
        ("s", "skipped"),
        ("x", "cancelled"),
        ("xs", "cancelled"),
        ("cx", "cancelled"),
        ("f", "failed"),
        ("cfxs", "failed"),
    ],
)
def test_the_status_of_a_parent_follows_from_its_leaves(leaves: str, status: str) -> None:
    assert status_of(counts(leaves)) == status


def test_leaves_are_counted_at_every_level() -> None:
    parents = {1: None, 2: 1, 3: 1, 4: 2, 5: 2, 6: 5}
    statuses = dict.fromkeys(parents, "pending") | {3: "failed", 6: "completed"}
    found = roll_up(parents, statuses)
    assert found == {1: counts("pcf"), 2: counts("pc"), 5: counts("c")}


def test_what_a_parent_said_of_itself_does_not_count() -> None:
    assert roll_up({1: None, 2: 1}, {1: "failed", 2: "completed"}) == {1: counts("c")}


def test_a_todo_without_subtasks_has_no_counts() -> None:
    assert roll_up({1: None}, {1: "pending"}) == {}


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(list(Status))), max_size=20))
def test_the_top_counts_every_leaf_once(shape: list[tuple[int, Status]]) -> None:
    parents: dict[int, int | None] = {0: None}
    parents.update({at: above % at for at, (above, _) in enumerate(shape, start=1)})
    statuses = {0: "pending", **{at: str(status) for at, (_, status) in enumerate(shape, start=1)}}
    found = roll_up(parents, statuses)
    leaves = [node for node in parents if node not in found]
    if shape:
        assert found[0][TOTAL] == len(leaves)
        assert sum(found[0][word] for word in Status) == len(leaves)
