from typing import Any

import pytest

from todos.plan.inputs import MissingInput, follow, keys, pick

RESULTS = {"scan": {"files": ["a.py", "b.py"]}, "count": 3, "nothing": None}


def test_all_sources_of_all_inputs_are_wanted() -> None:
    assert keys({"a": {"from": "scan"}, "b": {"from": ["count", "scan"]}}) == {"scan", "count"}


def test_an_input_is_a_whole_result_or_a_part_of_it() -> None:
    wanted = {"all": {"from": "scan"}, "first": {"from": "scan", "pointer": "/files/0"}}
    assert pick(wanted, RESULTS) == {"all": {"files": ["a.py", "b.py"]}, "first": "a.py"}


def test_an_input_from_several_is_an_object_of_their_results() -> None:
    assert pick({"found": {"from": ["count", "nothing"]}}, RESULTS) == {"found": {"count": 3, "nothing": None}}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"from": "other"}, "'other', which has none"),
        ({"from": "scan", "pointer": "/files/2"}, "nothing at '/files/2'"),
        ({"from": "scan", "pointer": "/files/-1"}, "nothing at '/files/-1'"),
        ({"from": "scan", "pointer": "/folders"}, "nothing at '/folders'"),
        ({"from": "count", "pointer": "/0"}, "nothing at '/0'"),
    ],
)
def test_an_input_that_is_not_there_is_named(wanted: dict[str, Any], told: str) -> None:
    with pytest.raises(MissingInput, match=told):
        pick({"files": wanted}, RESULTS)


@pytest.mark.parametrize(
    ("pointer", "found"), [("", {"a/b": {"~": [1, 2]}}), ("/a~1b/~0/1", 2), ("/a~1b", {"~": [1, 2]})]
)
def test_a_pointer_is_followed_as_rfc_6901_says(pointer: str, found: Any) -> None:
    assert follow({"a/b": {"~": [1, 2]}}, pointer) == found
