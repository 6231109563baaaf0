"""What comes of the results of children."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.aggregate import Unfit, combine


def of(kind: str, *results: Any, **options: Any) -> Any:
    return combine({"kind": kind, **options}, [(f"c{at}", result) for at, result in enumerate(results)])


@pytest.mark.parametrize("kind", ["concatenate", "merge", "rank_fusion", "vote"])
def test_of_nothing_comes_nothing(kind: str) -> None:
    assert of(kind) is None


def test_lists_are_joined_in_order_and_texts_with_something_between() -> None:
    assert of("concatenate", [1, 2], [], [[3]]) == [1, 2, [3]]
    assert of("concatenate", "a", "", "b") == "a\n\nb"
    assert of("concatenate", "a", "b", separator=", ") == "a, b"


def test_a_later_value_stands_whole_and_lists_are_joined_when_asked() -> None:
    first = {"a": 1, "list": [1], "deep": {"x": 1, "y": 2}, "mixed": [1]}
    second = {"list": [2], "b": 2, "deep": {"x": 3}, "mixed": 7}
    assert of("merge", first, second) == {"a": 1, "list": [2], "deep": {"x": 3}, "mixed": 7, "b": 2}
    assert list(of("merge", first, second)) == ["a", "list", "deep", "mixed", "b"]
    assert of("merge", first, second, {"list": [3]}, lists="join")["list"] == [1, 2, 3]
    assert of("merge", first, second, lists="join")["mixed"] == 7


def test_ranks_are_fused_by_the_sum_of_their_reciprocals() -> None:
    found = of("rank_fusion", ["a", "b"], ["b", "c"])
    assert [one["item"] for one in found] == ["b", "a", "c"]
    assert [one["score"] for one in found] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert [one["score"] for one in of("rank_fusion", ["a"], ["a"], k=1)] == [1.0]


def test_items_are_known_by_a_field_and_the_first_of_them_is_shown() -> None:
    found = of(
        "rank_fusion", [{"path": "a", "line": 1}, {"path": "a", "line": 2}], [{"path": "a", "line": 3}], key="path"
    )
    assert [one["item"] for one in found] == [{"path": "a", "line": 1}]
    assert found[0]["score"] == pytest.approx(2 / 61)


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=5), st.integers(1, 100))
def test_a_fusion_has_each_item_once_by_falling_score(ranked: list[list[int]], k: int) -> None:
    found = of("rank_fusion", *ranked, k=k)
    assert sorted(one["item"] for one in found) == sorted({item for items in ranked for item in items})
    exact = [
        sum(Fraction(1, k + items.index(one["item"]) + 1) for items in ranked if one["item"] in items) for one in found
    ]
    assert [one["score"] for one in found] == pytest.approx([float(score) for score in exact])
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_most_votes_win_and_a_tie_or_too_few_give_null() -> None:
    assert of("vote", "a", "b", "a") == {
        "winner": "a",
        "votes": [{"value": "a", "count": 2}, {"value": "b", "count": 1}],
    }
    assert of("vote", "a", "b")["winner"] is None
    assert of("vote", "a", "b", "c", "a")["winner"] == "a"
    assert of("vote", "a", "b", "c", "a", threshold=0.6)["winner"] is None
    assert of("vote", {"x": 1, "y": 2}, {"y": 2, "x": 1}, threshold=1)["winner"] == {"x": 1, "y": 2}
    assert of("vote", 1, True)["winner"] is None
    assert of("vote", 1, 1, 2, 2, 3, threshold=0)["winner"] is None


def test_a_pointer_takes_a_part_of_each() -> None:
    assert of("concatenate", {"found": [1]}, {"found": [2]}, pointer="/found") == [1, 2]
    with pytest.raises(Unfit, match="there is nothing at '/found' in the result of 'c1'"):
        of("concatenate", {"found": [1]}, {}, pointer="/found")


@pytest.mark.parametrize(
    ("kind", "results", "says"),
    [
        ("concatenate", (["a"], "b"), "takes lists, or texts, and not both; the result of 'c1' is a text"),
        ("concatenate", (None,), "the result of 'c0' is null"),
        ("concatenate", ({},), "the result of 'c0' is an object"),
        ("merge", ({}, 1.5), "merge takes objects; the result of 'c1' is a number"),
        ("merge", ([], {}), "the result of 'c0' is a list"),
        ("rank_fusion", ([1], True), "rank_fusion takes lists; the result of 'c1' is true or false"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, results: tuple[Any, ...], says: str) -> None:
    with pytest.raises(Unfit, match=says):
        of(kind, *results)


def test_an_item_without_the_field_is_named() -> None:
    with pytest.raises(Unfit, match="an item in the result of 'c0' has no 'path'"):
        of("rank_fusion", [{"file": "a"}], key="path")
