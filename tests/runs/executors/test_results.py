"""What may be stored as a result."""

import json
import time
from typing import Any

import pytest

from runs.executors.results import Unstorable, encode, storable_text

MOST = 10_000


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def shared(levels: int) -> Any:
    """A few lists that JSON would write 2 ** levels times."""
    value: Any = "x"
    for _ in range(levels):
        value = [value, value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "result", [None, True, 0, -(2**63), 2**63 - 1, 1.5, "ä€😀", [], {}, {"a": [1, {"b": None}]}, nested(30), (1, 2)]
)
def test_what_json_knows_is_stored_as_it_is(result: Any) -> None:
    assert json.loads(encode(result, MOST)) == (list(result) if isinstance(result, tuple) else result)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (float("nan"), "nan"),
        ([float("-inf")], "-inf"),
        (2**63, "64 bits"),
        ({"a": 10**5000}, "64 bits"),
        ("a\0b", "NUL"),
        ({"a\0b": 1}, "NUL"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({1: 2}, "key of type int"),
        ({None: 2}, "key of type NoneType"),
        (b"bytes", "type bytes"),
        ({1, 2}, "type set"),
        (object(), "type object"),
        (nested(32), "deeper than 32"),
        (nested(100_000), "deeper than 32"),
        (endless(), "deeper than 32"),
        (shared(31), "more than 10000 bytes"),
        ("x" * MOST, "more than 10000"),
        ("ä" * (MOST - 10), "more than 10000"),
        ([0] * MOST, "more than 10000"),
        ({f"{number:09}": 0 for number in range(MOST)}, "more than 10000"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value[:20].encode("ascii", "replace"),
)
def test_what_could_not_be_read_back_is_refused(result: Any, reason: str) -> None:
    with pytest.raises(Unstorable, match=reason):
        encode(result, MOST)


def test_a_huge_result_is_refused_before_it_is_written_out() -> None:
    huge = [["x" * 1000] * 1_000_000] * 1_000
    since = time.process_time()
    with pytest.raises(Unstorable, match="more than"):
        encode(huge, MOST)
    assert time.process_time() - since < 0.5


def test_any_bytes_and_text_can_be_made_storable() -> None:
    assert storable_text("a\0b\ud800c") == "a�b?c"
    assert storable_text(b"a\xff\0b") == "a��b"
    assert storable_text("x" * 20, 5) == "xxxxx"
    encode(storable_text(bytes(range(256))), MOST)
