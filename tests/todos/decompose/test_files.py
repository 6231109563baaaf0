"""What the strategy of files makes of a tree."""

from pathlib import Path

from tests.todos.decompose.conftest import Split, claims, plant, refused, rows_of, spec
from todos.decompose.base import Found


def test_each_file_is_read_and_claimed_for_reading(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "x", "docs/b.md": ""})
    made = split("files", task="Review")
    assert [spec(row) for row in rows_of(made).values()] == [
        {
            "key": "a.py",
            "content": "Review a.py",
            "executor": {"name": "read", "path": "a.py"},
            "lane": "query",
            "estimated_seconds": 0.001,
            "resources": [{"kind": "file", "name": "a.py", "mode": "read"}],
        },
        {
            "key": "docs-b.md",
            "content": "Review docs/b.md",
            "executor": {"name": "read", "path": "docs/b.md"},
            "lane": "query",
            "estimated_seconds": 0.001,
            "resources": [{"kind": "file", "name": "docs/b.md", "mode": "read"}],
        },
    ]
    assert made.found == Found(2, 0)


def test_a_group_of_files_is_surveyed(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}.py": "x" * 100 for name in "abcde"})
    one, two = rows_of(split("files", batches=2)).values()
    assert spec(one)["executor"]["arguments"] == {"paths": ["a.py", "c.py", "e.py"]}
    assert one.item.content == "Read 3 files: a.py and 2 more"
    assert spec(two)["executor"] == {"name": "python", "call": "survey.files", "arguments": {"paths": ["b.py", "d.py"]}}


def test_a_command_is_told_its_files_in_a_variable_and_may_change_them(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a'; rm -rf *.py": "", "$(b).py": ""})
    (row,) = rows_of(split("files", batches=1, command="ruff check")).values()
    paths = "$(b).py\na'; rm -rf *.py"
    assert spec(row)["executor"] == {"name": "shell", "command": "ruff check", "env": {"ABREAST_PATHS": paths}}
    assert claims(row) == [("$(b).py", "write"), ("a'; rm -rf [*].py", "write")]
    assert "lane" not in spec(row)
    (row,) = rows_of(split("files", batches=1, command="ruff check", changes=False)).values()
    assert claims(row) == [("$(b).py", "read"), ("a'; rm -rf [*].py", "read")]


def test_work_for_an_agent_lists_every_file_and_has_no_executor(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "", "b.py": "", "c.py": ""})
    rows = list(rows_of(split("files", batches=2, work="none", task="Document", seconds_per_file=180)).values())
    assert [row.item.content for row in rows] == ["Document 2 files:\na.py\nc.py", "Document b.py"]
    assert [spec(row)["estimated_seconds"] for row in rows] == [360, 180]
    assert "executor" not in spec(rows[0])
    assert claims(rows[0]) == [("a.py", "write"), ("c.py", "write")]


def test_files_that_are_named_need_not_exist_yet(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"app.js": ""})
    rows = rows_of(split("files", files=["app.js", "utils.js"]))
    assert [spec(row).get("executor") for row in rows.values()] == [{"name": "read", "path": "app.js"}, None]
    assert "estimated_seconds" not in spec(rows["utils.js"])


def test_names_that_mislead_are_spelled_out_where_they_are_shown(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a\nb": "", "x\u202egpj.exe": "", "n" * 250: ""})
    rows = list(rows_of(split("files")).values())
    assert [row.item.content for row in rows[::2]] == ["Read a\\nb", "Read x\\u202egpj.exe"]
    assert len(rows[1].item.content) < 220
    assert [spec(row)["executor"]["path"] for row in rows[::2]] == ["a\nb", "x\u202egpj.exe"]


def test_what_does_not_fit_into_one_subtask_asks_for_more_batches(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {f"{at:03}{'n' * 200}": "" for at in range(180)})
    assert refused(split, "files", batches=1, command="x", changes=False)[0] == "/options/batches"
    assert "longer than 10000" in refused(split, "files", batches=1, work="none", changes=False)[1]
    assert "one claims 100 for writing at most" in refused(split, "files", batches=1, changes=True)[1]
    assert refused(split, "files", limit=179) == (
        "/options/batches",
        "180 subtasks, and there can be 179 more: ask for fewer",
    )
    (row,) = rows_of(split("files", batches=1, limit=1)).values()
    assert claims(row) == [("**", "read")]


def test_many_files_are_claimed_by_their_folders_for_reading(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {f"{folder}/{at}": "" for at in range(60) for folder in ("a", "[b]")} | {"top": ""})
    (row,) = rows_of(split("files", batches=1)).values()
    assert claims(row) == [("[[]b]/**", "read"), ("a/**", "read"), ("top", "read")]


def test_a_path_with_a_line_break_cannot_be_told_to_a_command(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a\nb": ""})
    assert refused(split, "files", command="x")[0] == "/options/command"


def test_keys_that_are_taken_are_not_made_again(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "", "a py": "", "a-py": ""})
    assert list(rows_of(split("files", taken=("a.py", "a-py")))) == ["a-py-2", "a-py-3", "a.py-2"]
