"""Exploring a source tree: each callable by itself, and the outline that strings them together."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runs.executors import explore, python, read
from runs.executors.base import Job
from runs.executors.calls import CALLS, Task, Unfit
from todos.plan.outline import KEY, MAX_DEPTH

MODULE = '''\
"""A docstring
of two lines."""

import os.path, json  # a comment behind code
# a comment alone
from . import near
from ..above import far as away

TEXT = """
# no comment
"""


class Outer:
    class Inner:
        async def method(self):
            def local(): ...

def function(): pass
'''


@pytest.fixture
def task(workspace: Path) -> Task:
    (workspace / "pkg" / "sub").mkdir(parents=True)
    (workspace / "pkg" / "__init__.py").write_text("")
    (workspace / "pkg" / "near.py").write_text("from pkg import sub\nimport pkg.near\nimport json\n")
    (workspace / "pkg" / "sub" / "__init__.py").write_text("")
    (workspace / "pkg" / "sub" / "module.py").write_text(MODULE)
    (workspace / "notes.txt").write_text("no module")
    return Task(workspace)


def test_the_modules_of_a_folder_are_listed(task: Task) -> None:
    found = explore.list_modules(task, "pkg/sub")
    assert found == {
        "folder": "pkg/sub",
        "modules": [{"path": "pkg/sub/__init__.py", "bytes": 0}, {"path": "pkg/sub/module.py", "bytes": len(MODULE)}],
        "truncated": False,
    }
    assert len(explore.list_modules(task)["modules"]) == 4


def test_lines_are_code_comments_or_blank(task: Task) -> None:
    counted = explore.count_lines(task, "pkg/sub/module.py")
    assert counted == {"path": "pkg/sub/module.py", "lines": 19, "code": 13, "comments": 1, "blank": 5}


@pytest.mark.parametrize(
    ("source", "lines"), [("", 0), ("\n", 1), ("x = 1", 1), ("x = '\u2028'\n\x0c\n", 2), ("# only\r\n", 1)]
)
def test_every_line_is_counted_once(task: Task, source: str, lines: int) -> None:
    (task.workspace / "odd.py").write_text(source, newline="")
    counted = explore.count_lines(task, "odd.py")
    assert counted["lines"] == lines == counted["code"] + counted["comments"] + counted["blank"]


def test_symbols_have_dotted_names_in_order(task: Task) -> None:
    found = explore.list_symbols(task, "pkg/sub/module.py")
    assert [symbol["name"] for symbol in found["symbols"]] == [
        "Outer",
        "Outer.Inner",
        "Outer.Inner.method",
        "Outer.Inner.method.local",
        "function",
    ]
    assert (found["classes"], found["functions"]) == (2, 3)
    assert found["symbols"][0] == {"kind": "class", "name": "Outer", "line": 14}


def test_relative_imports_are_spelled_out(task: Task) -> None:
    assert explore.list_imports(task, "pkg/sub/module.py")["imports"] == [
        {"module": "os.path", "names": [], "line": 4},
        {"module": "json", "names": [], "line": 4},
        {"module": "pkg.sub", "names": ["near"], "line": 6},
        {"module": "pkg.above", "names": ["far"], "line": 7},
    ]


def test_a_text_among_the_inputs_saves_reading_the_file(task: Task) -> None:
    given = {"path": "gone.py", "text": "class There: ...\n", "truncated": False}
    assert explore.list_symbols(Task(task.workspace, {"module": given}), "gone.py")["classes"] == 1
    with pytest.raises(Unfit, match="does not exist"):
        explore.list_symbols(Task(task.workspace, {"module": given | {"truncated": True}}), "gone.py")


@pytest.mark.parametrize(
    "source", [b"def :", b"(" * 50_000, b"x = '''", b"\xff\xfe", b"\0", b"-" * 100_000 + b"1", b"# coding: nonsense\n"]
)
@pytest.mark.parametrize("name", ["explore.count", "explore.symbols", "explore.imports"])
def test_hostile_source_is_refused(task: Task, source: bytes, name: str) -> None:
    """In the hand, for what a parser does to its process is up to the version of Python."""
    (task.workspace / "bad.py").write_bytes(source)
    spec = {"call": name, "arguments": {"path": "bad.py"}}
    try:
        found = python.run(Job(spec, workspace=task.workspace)).result
    except Exception as error:
        assert "bad.py is not Python" in str(error) or "crashed" in str(error)
    else:
        assert name == "explore.count"  # what can be split into tokens can be counted
        assert found["lines"] == 1


@pytest.mark.parametrize("path", ["../secret.py", "nothing.py", "pkg"])
def test_only_files_of_the_workspace_are_explored(task: Task, path: str) -> None:
    (task.workspace.parent / "secret.py").write_text("SECRET = 1")
    for function in (explore.count_lines, explore.list_symbols, explore.list_imports):
        with pytest.raises(Unfit, match=path):
            function(task, path)


def run_all(outline: dict[str, Any], workspace: Path) -> dict[str, Any]:
    """Runs the leaves of an outline one after the other, as a run would, and gives their results."""
    results: dict[str, Any] = {}

    def resolved(source: str | list[str]) -> Any:
        return results[source] if isinstance(source, str) else {key: results[key] for key in source}

    for leaf in leaves(outline["subtasks"]):
        inputs = {name: resolved(asked["from"]) for name, asked in leaf.get("inputs", {}).items()}
        job = Job(leaf["executor"], inputs=inputs, workspace=workspace)
        results[leaf["key"]] = {"read": read, "python": python}[leaf["executor"]["name"]].run(job).result
    return results


def leaves(subtasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for subtask in subtasks for leaf in leaves(subtask.get("subtasks", [])) or [subtask]]


def test_the_outline_ends_in_a_summary(task: Task) -> None:
    outline = explore.outline(task.workspace)
    assert run_all(outline, task.workspace)["merge"] == {
        "modules": 4,
        "lines": 22,
        "code": 16,
        "comments": 1,
        "blank": 5,
        "classes": 2,
        "functions": 3,
        "imports_between_modules": 2,
        "most_imported": [{"module": "pkg.sub", "importers": 2}],
        "longest": [
            {"path": "pkg/sub/module.py", "lines": 19},
            {"path": "pkg/near.py", "lines": 3},
            {"path": "pkg/__init__.py", "lines": 0},
            {"path": "pkg/sub/__init__.py", "lines": 0},
        ],
    }


def test_the_outline_groups_modules_by_folder(task: Task) -> None:
    outline = explore.outline(task.workspace)
    assert outline["content"] == "Explore 4 modules of workspace"
    assert [subtask["content"] for subtask in outline["subtasks"]] == [
        "List the modules of workspace",
        "pkg/",
        "pkg/sub/",
        "Merge what was found",
    ]
    assert [leaf["key"] for leaf in outline["subtasks"][2]["subtasks"][4:]] == [
        "read-pkg.sub.module",
        "count-pkg.sub.module",
        "symbols-pkg.sub.module",
        "imports-pkg.sub.module",
    ]


def test_the_outline_of_this_very_project_is_in_order() -> None:
    outline = explore.outline(settings.BASE_DIR)
    found = leaves(outline["subtasks"])
    seen = {subtask["key"] for subtask in outline["subtasks"]}
    for leaf in found:
        assert KEY.match(leaf["key"])
        assert set(leaf.get("depends_on", [])) <= seen, "what is needed comes first"
        seen.add(leaf["key"])
        assert 0 < leaf["estimated_seconds"] < 1
        if leaf["executor"]["name"] == "python":
            inspect.signature(CALLS[leaf["executor"]["call"]]).bind(None, **leaf["executor"]["arguments"])
    assert len({leaf["key"] for leaf in found}) == len(found) > 100
    assert len(json.dumps(outline)) < 1024 * 1024
    assert MAX_DEPTH >= 2


def test_the_own_source_tree_is_explored_from_any_workspace(tmp_path: Path) -> None:
    outline = explore.outline(settings.BASE_DIR, name="Abreast", own=True, limit=3)
    assert outline["content"] == "Explore 3 modules of Abreast"
    assert {leaf["executor"]["name"] for leaf in leaves(outline["subtasks"])} == {"python"}
    assert run_all(outline, tmp_path)["merge"]["modules"] == 3


@pytest.mark.parametrize("path", ["Makefile", "../secret.py", "var/secret_key"])
def test_of_the_own_source_tree_only_modules_are_read(tmp_path: Path, path: str) -> None:
    for function in (explore.count_lines, explore.list_symbols, explore.list_imports):
        with pytest.raises(Unfit, match=path):
            function(Task(tmp_path), path, own=True)


def test_modules_of_alike_or_long_paths_keep_apart(workspace: Path) -> None:
    deep = workspace / "a" / ("d" * 60)
    deep.mkdir(parents=True)
    for file in (workspace / "a" / "b.py", workspace / "a.b.py", workspace / "ä.py", deep / "x.py", deep / "y.py"):
        file.write_text("")
    keys = [leaf["key"] for leaf in leaves(explore.outline(workspace)["subtasks"])]
    assert len(set(keys)) == len(keys) == 5 * 4 + 2
    assert all(KEY.match(key) for key in keys)


def test_an_outline_has_no_more_modules_than_asked_for(task: Task) -> None:
    outline = explore.outline(task.workspace, limit=2)
    assert run_all(outline, task.workspace)["merge"]["modules"] == 2


def test_a_folder_without_modules_is_only_listed(workspace: Path) -> None:
    (workspace / "tests").mkdir()
    (workspace / "tests" / "test_it.py").write_text("")
    outline = explore.outline(workspace)
    assert [subtask["key"] for subtask in outline["subtasks"]] == ["list"]
    assert len(run_all(outline, workspace)["list"]["modules"]) == 1
