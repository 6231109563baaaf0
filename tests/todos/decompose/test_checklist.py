import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.decompose.checklist import parse
from todos.problems import Invalid
from todos.wire.inputs import SubtaskIn


def shape(items: list[SubtaskIn]) -> list[Any]:
    """Contents, those with something below as (content, [...])."""
    return [(item.content, shape(item.subtasks)) if item.subtasks else item.content for item in items]


def parsed(text: str) -> list[SubtaskIn]:
    return parse(text, limit=10_000)


def refused(text: str, limit: int = 10_000) -> str:
    with pytest.raises(Invalid) as caught:
        parse(text, limit=limit)
    assert [problem.pointer for problem in caught.value.problems] == ["/options/text"]
    return caught.value.detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] a\n- [ ] b", ["a", "b"]),
        ("- [ ] a\n  - [x] b\n  - c\n- d", [("a", ["b", "c"]), "d"]),
        ("* a\n\t* b\n\t\t* c\n* d", [("a", [("b", ["c"])]), "d"]),
        ("1. a\n   2) b\n10. c", [("a", ["b"]), "c"]),
        ("+ a\r\n\r\n\r\n+ b\r\n", ["a", "b"]),
        ("• a\n• b", ["a", "b"]),
        ("a\nb\n  c", ["a", ("b", ["c"])]),
        ("# One\n- a\n- b\n## Two ##\n- c\n# Three\n- d", [("One", ["a", "b", ("Two", ["c"])]), ("Three", ["d"])]),
        ("# Only a heading", ["Only a heading"]),
        ("- a\n    - b\n  - c", [("a", ["b", "c"])]),
        ("    - a\n  - b", ["a", "b"]),
        ("- a long line\n  that goes on\n  and on\n- b", ["a long line that goes on and on", "b"]),
        ("- a\nnot below it", ["a", "not below it"]),
        ("- \n- [ ]\n- [x] \n- a", ["a"]),
        ("-a\n-- b\n1.c", ["-a", "-- b", "1.c"]),
        ("- [x]not a box", ["[x]not a box"]),
        ("- [y] not a box", ["[y] not a box"]),
        ("- a `- b` c", ["a `- b` c"]),
        ("\ufeff- a".lstrip("\ufeff"), ["a"]),
    ],
)
def test_a_checklist_is_read_as_it_looks(text: str, expected: list[Any]) -> None:
    assert shape(parsed(text)) == expected


def test_boxes_say_the_status() -> None:
    found = parsed("- [x] a\n- [X] b\n- [ ] c\n- [-] d\n- e")
    assert [item.status for item in found] == ["completed", "completed", "pending", "cancelled", "pending"]


def test_what_has_no_box_is_as_what_it_stands_below() -> None:
    [parent] = parsed("- [x] p\n  - a\n  - [ ] b\n    - c")
    assert [item.status for item in parent.subtasks] == ["completed", "pending"]
    assert parent.subtasks[1].subtasks[0].status == "pending"
    assert "status" not in parent.model_fields_set


@pytest.mark.parametrize(
    ("text", "content", "seconds"),
    [
        ("a (5 min)", "a", 300),
        ("a (1.5 h)", "a", 5400),
        ("a (~2 hours)", "a", 7200),
        ("a (30s)", "a", 30),
        ("a ~30s", "a", 30),
        ("a ~ 2 minutes", "a", 120),
        ("a (see b) (5m)", "a (see b)", 300),
        ("a (5 min) b", "a (5 min) b", None),
        ("a (5 apples)", "a (5 apples)", None),
        ("a 5 min", "a 5 min", None),
        ("a ~5 min)", "a ~5 min)", None),
        ("a (5 min", "a (5 min", None),
        ("(5 min)", "(5 min)", None),
        ("a (9999999 h)", "a (9999999 h)", None),
        ("~/notes ~5m", "~/notes", 300),
    ],
)
def test_an_estimate_at_the_end_is_taken(text: str, content: str, seconds: float | None) -> None:
    [found] = parsed(f"- {text}")
    assert (found.content, found.estimated_seconds) == (content, seconds)


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "- \n- [ ]", "#  "])
def test_a_text_with_nothing_in_it_is_refused(text: str) -> None:
    assert refused(text) == "there is nothing to do in this text"


def test_too_many_lines_are_refused_where_they_are_too_many() -> None:
    assert refused("- a\n" * 100_000) == "line 10001: more than 10000 subtasks"
    assert len(parse("- a\n" * 5, limit=5)) == 5


def test_too_deep_lines_are_refused_where_they_are_too_deep() -> None:
    nested = [" " * depth + f"- {depth}" for depth in range(6)]
    assert refused("\n".join(nested)) == "line 6: nested more than 5 deep"
    assert parsed("\n".join(nested[:5]))


def test_a_line_that_is_too_long_is_named() -> None:
    assert refused("- a\n- " + "x" * 10_001) == "line 2: longer than 10000 characters"


@pytest.mark.parametrize(
    "text",
    [
        "- " + " " * 900_000 + "x",
        "# " + "#" * 900_000,
        "- a\n" + "  b\n" * 200_000,
        "(" * 900_000,
        "- " + "~ " * 400_000,
        "\t" * 900_000 + "a",
        "1" * 900_000 + ". a",
        "\n" * 900_000 + "- a",
        "\u2028".join(["- a"] * 9_000),
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(Invalid):
        parsed(text)
    assert time.process_time() - started < 1


@given(st.text(alphabet="-*1.)[]x #\t\n~(5min)a\u3000", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parsed(text)
    except Invalid:
        return
    assert found
    assert all(item.content.strip() for item in found)
