"""The callables for many files at once."""

from pathlib import Path
from typing import Any

import pytest

from runs.executors import survey
from runs.executors.calls import Task, Unfit, call
from runs.executors.results import encode
from tests.todos.decompose.conftest import plant


def run(workspace: Path, name: str, inputs: dict[str, Any] | None = None, **arguments: Any) -> Any:
    result = call(f"survey.{name}", Task(workspace, inputs or {}), arguments)
    encode(result, 1024 * 1024)
    return result


def test_files_are_found_by_their_endings_and_each_once(workspace: Path) -> None:
    plant(workspace, {"a.py": "xx", "b.md": "", "x.py/c": "", "README": ""})
    common: dict[str, Any] = {"folder": ".", "include": [], "exclude": [], "gitignore": True}
    python = run(workspace, "glob", suffixes=[".py"], **common)
    assert python == {"summary": {"files": 1, "bytes": 2, "suffixes": [".py"]}, "files": ["a.py"], "truncated": False}
    assert run(workspace, "glob", other_than=[".py"], **common)["files"] == ["README", "b.md", "x.py/c"]


def test_grep_looks_into_what_was_found(workspace: Path) -> None:
    plant(workspace, {"a.py": "class A:\n    pass\n", "b.md": "class B", "c.py": "class C"})
    (workspace / "binary.py").write_bytes(b"class D\0")
    found = {"files": {"one": ["a.py", "b.md", "gone.py"], "two": ["binary.py"]}}
    result = run(workspace, "grep", found, pattern=r"^class (\w+)", suffixes=[".py"])
    assert result["matches"] == [{"path": "a.py", "line": 1, "text": "class A:"}]
    assert result["summary"] == {"pattern": r"^class (\w+)", "matches": 1, "files": 1}
    assert run(workspace, "grep", {"files": ["b.md"]}, pattern="class")["summary"]["matches"] == 1


def test_facts_of_files(workspace: Path) -> None:
    plant(workspace, {"a": "1\n2", "empty": "", "large": "x" * (survey.MAX_FILE_BYTES + 1)})
    (workspace / "binary").write_bytes(b"\0")
    result = run(workspace, "files", paths=["a", "empty", "large", "binary", "gone", "../out"])
    assert [(fact.get("bytes"), fact.get("lines")) for fact in result["files"]] == [
        (3, 2),
        (0, 0),
        (1048577, None),
        (1, None),
        (None, None),
        (None, None),
    ]
    assert result["summary"] == {"files": 6, "bytes": 1048581, "lines": 2, "unread": 2}


def test_imports_are_found_among_all_files(workspace: Path) -> None:
    plant(workspace, {"a.py": "import b, c", "b.py": "import a", "c.py": ""})
    result = run(workspace, "imports", {"files": {"find": ["a.py", "b.py", "c.py"]}}, paths=["a.py"])
    assert result == {
        "summary": {"files": 1, "imports": 2},
        "names": ["a.py", "b.py", "c.py"],
        "imports": [[0, 1], [0, 2]],
        "truncated": False,
    }


def test_one_summary_is_made_of_all(workspace: Path) -> None:
    imports = {
        "1": {"names": ["a", "b"], "imports": [[0, 1]]},
        "2": {"names": ["b", "a", "c"], "imports": [[0, 1], [2, 1]]},
    }
    result = run(
        workspace,
        "merge",
        {
            "kinds": {"k": {"files": 3, "bytes": 9}},
            "patterns": {"p": {"matches": 1}},
            "read": {"r": {"files": 2, "bytes": 5, "lines": 1}},
            "imports": imports,
        },
    )
    assert (result["files"], result["bytes"], result["read"]) == (3, 9, {"files": 2, "bytes": 5, "lines": 1})
    assert (result["imports"], result["most_imported"][0]) == (3, {"path": "a", "importers": 2})
    assert result["circles"] == [["a", "b"]]
    assert result["graph"] == {"names": ["a", "b", "c"], "imports": [[0, 1], [1, 0], [2, 0]], "truncated": False}
    assert run(workspace, "merge")["files"] == 0


def test_results_have_a_bound_whatever_is_found(workspace: Path) -> None:
    names = [f"{at:04}{'n' * 230}.py" for at in range(3_000)]
    plant(workspace, dict.fromkeys(names, "import a\n" * 10) | {"a.py": ""})
    assert run(workspace, "glob")["truncated"]
    assert run(workspace, "files", paths=names)["truncated"]
    assert run(workspace, "grep", {"files": names}, pattern="import")["summary"]["matches"] == 30_000
    found = run(workspace, "imports", {"files": ["a.py"]}, paths=names)
    assert len(found["imports"]) < found["summary"]["imports"] == 3_000
    assert found["truncated"]
    parts = {str(at): {"names": [f"{at}-{name}", "b"], "imports": [[0, 1]]} for at, name in enumerate(names)}
    summary = run(workspace, "merge", {"imports": parts})
    assert (summary["imports"], summary["graph"]["truncated"]) == (3_000, True)
    assert len(encode(summary, 1024 * 1024)) > 400_000


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("glob", {"folder": ".."}),
        ("glob", {"colour": 1}),
        ("grep", {"pattern": "("}),
        ("grep", {}),
    ],
)
def test_arguments_that_do_not_fit_are_no_use_again(workspace: Path, name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        run(workspace, name, **arguments)
