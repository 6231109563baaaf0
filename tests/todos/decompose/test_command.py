"""What a program that splits a todo is given, and what becomes of its answer."""

import pytest

from tests.todos.decompose.conftest import Split, needs, refused

PLAN = b'{"subtasks": [{"key": "a", "content": "A"}, {"content": "B", "depends_on": ["a"]}]}'


@pytest.mark.parametrize("printed", [PLAN, PLAN[len(b'{"subtasks": ') : -1]])
def test_the_plan_of_a_program_is_taken_as_it_is(split: Split, printed: bytes) -> None:
    assert needs(split("command", command="x", printed=printed)) == {"a": [], "b": ["a"]}


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        (b"", "not JSON"),
        (b"Sure! Here is your plan:", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested more than 32 deep"),
        (b'{"subtasks": []}', "at /subtasks: list should have at least 1 item"),
        (b"[]", "at /subtasks: list should have"),
        (b"null", "valid dictionary"),
        (b'{"tasks": []}', "at /subtasks: this field is required"),
        (b'[{"content": ""}]', "at /subtasks/0/content: must not be blank"),
        (b'[{"content": "a", "colour": 1}]', "at /subtasks/0/colour: there is no such field"),
        (b'[{"content": "a", "executor": {"name": "magic"}}]', "at /subtasks/0/executor"),
        (b'[{"content": "a"}, {"content": 1}]', "at /subtasks/1/content"),
        (b'[{"content": "\\u0000"}]', "NUL"),
        (b'[{"content": "a", "content": "b"}]', "twice"),
    ],
)
def test_a_plan_that_is_none_is_refused_with_the_place(split: Split, printed: bytes, says: str) -> None:
    pointer, detail = refused(split, "command", command="x", printed=printed)
    assert pointer == "/options/command"
    assert says in detail
