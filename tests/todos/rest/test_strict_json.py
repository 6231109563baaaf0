import gc
import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.problems import Invalid, NotJson, Refused
from todos.rest.strict_json import MAX_DEPTH, MAX_NODES, loads


def wrong(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(NotJson) as caught:
        loads(data)
    assert caught.value.status == 400
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "é", "\\u0000 as text", '"', "\\"]},
        [2**63 - 1, -(2**63), 1e308, -0.0],
        "\u202e bidi is text",
        "😀",
        "",
        {},
        [],
        {"": {"/": {"~": 1}}},
    ],
)
def test_ordinary_json_comes_through_unchanged(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # NUL and surrogates are refused, everything else is text
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), below, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values, st.booleans())
def test_whatever_json_can_say_is_read_as_it_was_meant(value: object, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        loads(data)
    except Refused as refused:
        assert refused.status in (400, 422)


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        (b'{"a": "\\u0000"}', "/a", "NUL"),
        (b'{"a": ["x", "\\ud800"]}', "/a/1", "surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "/a", "surrogate"),
        (b'{"\\ud800": 1}', "", "surrogate"),
        (b'{"a/b": {"c~d": "\\u0000"}}', "/a~1b/c~0d", "NUL"),
        (b'{"a": NaN}', "/a", "NaN is not JSON"),
        (b'{"a": [-Infinity]}', "/a/0", "-Infinity is not JSON"),
        (b'{"a": 1e999}', "/a", "too large"),
        (b'{"a": -1e999}', "/a", "too large"),
        (b'{"a": 9223372036854775808}', "/a", "64 bits"),
        (b'{"a": -9223372036854775809}', "/a", "64 bits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "/a", "64 bits"),
        (b'{"a": {"b": 1, "b": 2}}', "/a/b", "twice"),
        (b'{"a": 1, "b": 2, "a": 1}', "/a", "twice"),
    ],
)
def test_values_that_cannot_be_meant_are_named_with_their_place(data: bytes, pointer: str, detail: str) -> None:
    found = wrong(data)
    assert [place for place, _ in found] == [pointer]
    assert detail in found[0][1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"]",
        b"}{",
        b'{"a": 1,}',
        b"'a'",
        b'"\x01"',
        b'{"a": \xff}',
        b'"\xed\xa0\x80"',  # half of a pair, as some write it
        b'"\xc0\x80"',  # NUL in two bytes
        b"\xef\xbb\xbf{}",
        b"nul",
        b'"\\x"',
        b'"unclosed \\',
        b"01",
        b"1 2",
        "{}".encode("utf-16"),
    ],
)
def test_bytes_that_are_not_json_are_refused(data: bytes) -> None:
    assert wrong(data)[0][0] == ""


def test_several_wrong_values_are_all_named() -> None:
    assert sorted(place for place, _ in wrong(b'{"a": NaN, "b": {"c": 1e999, "d": "\\u0000"}}')) == [
        "/a",
        "/b/c",
        "/b/d",
    ]


def test_depth_is_bounded_and_counted_outside_strings() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert "deep" in wrong(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))[0][1]
    assert loads(json.dumps(["[" * 100, '"[[' * 100, "\\[" * 100]).encode())


def hostile_shapes() -> Iterator[tuple[str, bytes]]:
    yield "lists in lists", b"[" * 100_000
    yield "objects in objects", b'{"a":' * 100_000
    yield "lists in lists that end", b"[" * 100_000 + b"]" * 100_000
    yield "quotes in a text", b'"' + b'\\"' * 500_000
    yield "texts without an end", b'"\\' * 500_000
    yield "ends without a list", b"]" * 1_000_000
    yield "texts of NUL", b"[" + b'"\\u0000",' * 100_000 + b"1]"
    yield "a long number", b"[1" + b"0" * 1_000_000 + b"]"
    yield "a long fraction", b"[0." + b"1" * 1_000_000 + b"1e]"
    yield "many objects", b"[" + b"{}," * 300_000 + b"1]"
    yield "many fields twice", b"[" + b",".join(b'{"a":1,"a":2}' for _ in range(50_000)) + b"]"


def test_hostile_shapes_are_refused_quickly() -> None:
    """In the time of this thread; what other tests have left in memory is kept from the garbage collector meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        for name, data in hostile_shapes():
            started = time.thread_time()
            with pytest.raises(Refused):
                loads(data)
            assert time.thread_time() - started < 1, name
    finally:
        gc.unfreeze()


def test_too_many_values_are_a_count_not_a_syntax_error() -> None:
    with pytest.raises(Invalid):
        loads(b"[" + b"0," * MAX_NODES + b"0]")
    assert len(loads(b"[" + b"0," * (MAX_NODES - 2) + b"0]")) == MAX_NODES - 1
