from typing import Any

import pytest

from todos.problems import Invalid
from todos.rest.reading import read
from todos.wire.inputs import SubtaskIn, TodoChanges, TodoIn

GOOD_EXECUTORS: list[dict[str, Any]] = [
    {"name": "simulate", "seconds": 0.5, "fail_times": 0},
    {"name": "simulate", "seconds": 1},
    {"name": "shell", "command": "ls", "cwd": "src", "env": {"A": "b"}},
    {"name": "read", "path": "README.md"},
    {"name": "search", "query": "x", "strategies": ["content", "files", "symbols", "imports"], "path": "."},
    {"name": "search", "query": "x"},
    {"name": "http", "url": "https://example.org/a", "method": "GET"},
    {"name": "agent", "command": ["agent", "-p"], "prompt": "do it"},
    {"name": "web_search", "query": "x"},
    {"name": "python", "call": "registered.name", "arguments": {"a": [1, None]}},
    {"name": "approval", "question": "may I?"},
]
BAD_EXECUTORS: list[tuple[Any, str]] = [
    ("shell", "/executor"),
    ([], "/executor"),
    ({}, "/executor"),
    ({"name": "fly"}, "/executor"),
    ({"name": None}, "/executor"),
    ({"name": ["shell"]}, "/executor"),
    ({"name": "shell"}, "/executor/command"),
    ({"name": "shell", "command": ""}, "/executor/command"),
    ({"name": "shell", "command": "x" * 65_537}, "/executor/command"),
    ({"name": "shell", "command": "ls", "sudo": True}, "/executor/sudo"),
    ({"name": "shell", "command": "ls", "env": {"A": 1}}, "/executor/env/A"),
    ({"name": "shell", "command": "ls", "env": {"A=B": "c"}}, "/executor/env/A=B"),
    ({"name": "simulate", "seconds": -1}, "/executor/seconds"),
    ({"name": "simulate", "seconds": "1"}, "/executor/seconds"),
    ({"name": "simulate", "seconds": True}, "/executor/seconds"),
    ({"name": "simulate", "fail_times": 0.5}, "/executor/fail_times"),
    ({"name": "search", "query": "  "}, "/executor/query"),
    ({"name": "search", "query": "two\nlines"}, "/executor/query"),
    ({"name": "search", "query": "x", "strategies": []}, "/executor/strategies"),
    ({"name": "search", "query": "x", "strategies": ["files", "files"]}, "/executor/strategies"),
    ({"name": "search", "query": "x", "strategies": ["magic"]}, "/executor/strategies/0"),
    ({"name": "http", "url": "file:///etc/passwd"}, "/executor/url"),
    ({"name": "http", "url": "https://"}, "/executor/url"),
    ({"name": "http", "url": "https://a", "method": "get"}, "/executor/method"),
    ({"name": "agent", "command": "agent", "prompt": "x"}, "/executor/command"),
    ({"name": "agent", "command": [], "prompt": "x"}, "/executor/command"),
    ({"name": "agent", "command": ["a", 1], "prompt": "x"}, "/executor/command/1"),
    ({"name": "python", "call": "os.system('x')"}, "/executor/call"),
]
BAD_FIELDS: list[tuple[str, Any, str]] = [
    ("content", "", "/content"),
    ("content", " \t\n", "/content"),
    ("content", "x" * 10_001, "/content"),
    ("content", None, "/content"),
    ("content", 1, "/content"),
    ("priority", 0, "/priority"),
    ("priority", 6, "/priority"),
    ("priority", "urgent", "/priority"),
    ("priority", "1", "/priority"),
    ("priority", 1.0, "/priority"),
    ("priority", True, "/priority"),
    ("priority", None, "/priority"),
    ("status", "done", "/status"),
    ("status", None, "/status"),
    ("lane", "fast", "/lane"),
    ("phase", -1, "/phase"),
    ("phase", 10_001, "/phase"),
    ("estimated_seconds", -0.1, "/estimated_seconds"),
    ("estimated_seconds", 1e300, "/estimated_seconds"),
    ("timeout_seconds", 0, "/timeout_seconds"),
    ("max_retries", -1, "/max_retries"),
    ("max_retries", 101, "/max_retries"),
    ("max_iterations", 0, "/max_iterations"),
    ("complexity", 1.1, "/complexity"),
    ("complexity", None, "/complexity"),
    ("parallelizable", 1, "/parallelizable"),
    ("parallelizable", "true", "/parallelizable"),
    ("assigned_agent", "x" * 201, "/assigned_agent"),
    ("resources", {}, "/resources"),
    ("resources", [{"kind": "disk", "name": "a"}], "/resources/0/kind"),
    ("resources", [{"kind": "file", "name": ""}], "/resources/0/name"),
    ("resources", [{"kind": "file", "name": "x" * 501}], "/resources/0/name"),
    ("resources", [{"kind": "file", "name": "a", "mode": "rw"}], "/resources/0/mode"),
    ("resources", [{"kind": "memory", "name": "a", "amount": 0}], "/resources/0/amount"),
    ("resources", [{"kind": "memory", "name": "a", "amount": 2**31}], "/resources/0/amount"),
    ("inputs", {"a": {"pointer": "/x"}}, "/inputs/a/from"),
    ("inputs", {"a": {"from": "b", "pointer": "x"}}, "/inputs/a/pointer"),
    ("inputs", {"a": "b"}, "/inputs/a"),
    ("inputs", {"a": {"from": 1}}, "/inputs/a/from"),
    ("inputs", {"a": {"from": []}}, "/inputs/a/from"),
    ("inputs", {"a b": {"from": "b"}}, "/inputs/a b"),
    ("rollback", {"name": "shell"}, "/rollback/command"),
    ("verify", {"name": "shell"}, "/verify/command"),
    ("verify", {"name": "approval", "question": "Is it?"}, "/verify"),
    ("when", "later", "/when"),
    ("when", None, "/when"),
    ("owner", 1, "/owner"),
    ("version", 1, "/version"),
    ("counts", {}, "/counts"),
]
BAD_SUBTASK_FIELDS: list[tuple[str, Any, str]] = [
    ("key", "", "/key"),
    ("key", "x" * 65, "/key"),
    ("key", "a b", "/key"),
    ("key", "ä", "/key"),
    ("key", "a\n", "/key"),
    ("key", 1, "/key"),
    ("depends_on", "a", "/depends_on"),
    ("depends_on", [1], "/depends_on/0"),
    ("depends_on", None, "/depends_on"),
    ("subtasks", {}, "/subtasks"),
    ("subtasks", [1], "/subtasks/0"),
    ("subtasks", [{}], "/subtasks/0/content"),
]


def wrong(kind: Any, value: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read(kind, value)
    return [problem.pointer for problem in caught.value.problems]


def test_only_content_is_required() -> None:
    found = read(TodoIn, {"content": "a"})
    assert (found.priority, found.status, found.complexity, found.parallelizable) == (3, "pending", 0.5, True)
    assert found.resources is None


@pytest.mark.parametrize(("word", "number"), [("high", 1), ("medium", 3), ("low", 5), (1, 1), (5, 5)])
def test_a_priority_is_a_word_or_a_number(word: Any, number: int) -> None:
    assert read(TodoIn, {"content": "a", "priority": word}).priority == number


@pytest.mark.parametrize("executor", GOOD_EXECUTORS, ids=str)
def test_an_executor_is_kept_as_it_was_sent(executor: dict[str, Any]) -> None:
    found = read(TodoIn, {"content": "a", "executor": executor}).executor
    assert found.model_dump(exclude_unset=True) == executor


@pytest.mark.parametrize(("executor", "pointer"), BAD_EXECUTORS, ids=str)
def test_a_wrong_executor_is_refused_where_it_is_wrong(executor: Any, pointer: str) -> None:
    assert wrong(TodoIn, {"content": "a", "executor": executor}) == [pointer]


@pytest.mark.parametrize(("field", "value", "pointer"), BAD_FIELDS, ids=str)
def test_a_wrong_field_is_refused_where_it_is_wrong(field: str, value: Any, pointer: str) -> None:
    assert wrong(TodoIn, {"content": "a", field: value}) == [pointer]
    nested = {"content": "a", "subtasks": [{"content": "b", field: value}]}
    assert wrong(TodoIn, nested) == [f"/subtasks/0{pointer}"]
    assert wrong(TodoChanges, {field: value}) == [pointer]


@pytest.mark.parametrize(("field", "value", "pointer"), BAD_SUBTASK_FIELDS, ids=str)
def test_a_wrong_field_of_a_subtask_is_refused(field: str, value: Any, pointer: str) -> None:
    assert wrong(SubtaskIn, {"content": "a", field: value}) == [pointer]


@pytest.mark.parametrize("field", ["key", "depends_on"])
def test_the_top_of_a_tree_has_no_key(field: str) -> None:
    assert wrong(TodoIn, {"content": "a", field: None}) == [f"/{field}"]


@pytest.mark.parametrize(
    "field",
    """executor lane phase estimated_seconds timeout_seconds max_retries max_iterations assigned_agent inputs rollback
    verify resources""".split(),
)
def test_null_is_as_good_as_left_out(field: str) -> None:
    assert getattr(read(TodoIn, {"content": "a", field: None}), field) is None


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("position", -1, "/position"),
        ("position", 2**31, "/position"),
        ("parent", 1, "/parent"),
        ("parent", None, "/parent"),
        ("parent", "x", "/parent"),
        ("key", "a", "/key"),
        ("subtasks", [], "/subtasks"),
        ("root", "1", "/root"),
    ],
)
def test_a_wrong_change_is_refused(field: str, value: Any, pointer: str) -> None:
    assert wrong(TodoChanges, {field: value}) == [pointer]


def test_a_change_names_what_was_sent_only() -> None:
    assert read(TodoChanges, {"priority": "low", "phase": None}).model_fields_set == {"priority", "phase"}
    assert read(TodoChanges, {}).model_fields_set == set()
