"""What each strategy makes of its options and of a tree."""

from pathlib import Path
from typing import Any

import pytest

from tests.todos.decompose.conftest import Split, plant, rows_of
from todos.decompose.base import Found, Made
from todos.plan.outline import Row, leaf_graph
from todos.problems import Invalid


def needs(made: Made) -> dict[str, list[str]]:
    rows = rows_of(made)
    return leaf_graph(
        {key: row.item.depends_on for key, row in rows.items()}, {key: r.parent for key, r in rows.items()}
    )


def spec(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = row.item.data.model_dump(exclude_unset=True, exclude={"subtasks"})
    return found


def claims(row: Row) -> list[tuple[str, str]] | None:
    resources = row.item.data.resources
    return None if resources is None else [(one.name, one.mode) for one in resources]


def refused(split: Split, strategy: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        split(strategy, **options)
    return error.value.problems[0].pointer, error.value.problems[0].detail


# ---- files ----


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


# ---- features, layers, phases ----


def test_features_are_side_by_side_and_the_check_waits_for_all(split: Split) -> None:
    features = [
        {"name": "dark mode", "estimated_seconds": 1200, "files": ["src/theme/**"]},
        "search",
        {"name": "filters", "depends_on": ["search"], "command": "make filters", "assigned_agent": "impl-3"},
    ]
    made = split("features", features=features, qa={"name": "Try it", "estimated_seconds": 300})
    rows = rows_of(made)
    assert needs(made) == {
        "dark-mode": [],
        "search": [],
        "filters": ["search"],
        "qa": ["dark-mode", "search", "filters"],
    }
    assert claims(rows["dark-mode"]) == [("src/theme/**", "write")]
    assert claims(rows["search"]) is None
    assert spec(rows["filters"])["executor"]["env"] == {"ABREAST_NAME": "filters"}
    assert (rows["qa"].item.content, spec(rows["qa"])["estimated_seconds"]) == ("Try it", 300)


@pytest.mark.parametrize(("qa", "content"), [(True, "Check that all"), ("Look at it", "Look at it"), (False, None)])
def test_the_check_can_be_named_or_left_out(split: Split, qa: Any, content: str | None) -> None:
    rows = rows_of(split("features", features=["a"], qa=qa))
    assert ("qa" in rows) is (content is not None)
    assert content is None or rows["qa"].item.content.startswith(content)


def test_layers_are_side_by_side_and_their_tasks_in_order(split: Split) -> None:
    made = split("layers", content="Sign-in")
    found = needs(made)
    assert found["api-endpoints"] == ["api-models"]
    assert [key for key, waits in found.items() if not waits] == [
        "api-models",
        "ui-components",
        "testing-unit-tests",
        "documentation-API-docs",
    ]
    assert rows_of(made)["api-models"].item.content == "models of Sign-in"
    assert not any(needs(split("layers", in_order=False)).values())


def test_tasks_have_what_their_layer_claims_and_wait_for_what_it_waits_for(split: Split) -> None:
    layers = [
        {"name": "api", "tasks": ["models", {"name": "docs", "files": ["docs/**"]}], "files": ["src/api/**"]},
        {"name": "tests", "depends_on": ["api"], "assigned_agent": "t"},
    ]
    made = split("layers", layers=layers, feature="sign-in")
    rows = rows_of(made)
    assert needs(made)["tests"] == ["api-models", "api-docs"]
    assert claims(rows["api-models"]) == [("src/api/**", "write")]
    assert claims(rows["api-docs"]) == [("docs/**", "write")]
    assert spec(rows["tests"])["assigned_agent"] == "t"


def test_a_phase_waits_for_all_of_the_phase_before(split: Split) -> None:
    made = split("phases", subject="the home page")
    found, rows = needs(made), rows_of(made)
    widths = [sum(1 for key in found if rows[key].item.data.phase == phase) for phase in (1, 2, 3)]
    assert widths == [3, 3, 2]
    assert len(found["implementation-Change-the-code"]) == 3
    assert all(key.startswith("analysis-") for key in found["implementation-Change-the-code"])
    assert rows["validation-Document-what-has-changed"].item.content == "Document what has changed: the home page"


# ---- modules ----

APP = {
    "app/__init__.py": "",
    "app/models.py": "import json",
    "app/a.py": "from app import b, models",
    "app/b.py": "import app.a",
    "app/views.py": "from app.models import X\nfrom app import a",
}


def test_modules_come_after_what_they_import_and_circles_are_one_subtask(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, APP)
    made = split("modules")
    assert {key: sorted(waits) for key, waits in needs(made).items()} == {
        "app-__init__.py": [],
        "app-models.py": [],
        "app-a.py": ["app-models.py"],
        "app-views.py": ["app-a.py", "app-models.py"],
    }
    knot = rows_of(made)["app-a.py"]
    assert knot.item.content == "Read 2 modules that import each other: app/a.py and 1 more"
    assert spec(knot)["executor"]["arguments"] == {"paths": ["app/a.py", "app/b.py"]}
    assert made.found is not None
    assert (made.found.files, made.found.imports) == (5, 5)
    assert made.found.most_imported[:2] == (("app/a.py", 2), ("app/models.py", 2))


def test_importers_may_come_first(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, APP)
    found = needs(split("modules", order="importers_first"))
    assert (found["app-views.py"], found["app-a.py"]) == ([], ["app-views.py"])
    assert sorted(found["app-models.py"]) == ["app-a.py", "app-views.py"]


def test_modules_without_order_are_independent(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, APP)
    found = needs(split("modules", order="none"))
    assert (len(found), any(found.values())) == (5, False)
    assert [
        len(row.item.data.executor.arguments["paths"]) for row in rows_of(split("modules", batches=2)).values()
    ] == [3, 2]


def test_a_folder_can_be_a_module(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"a/x.py": "from b import y", "b/y.py": "", "b/z.py": "", "top.py": "import a.x"})
    made = split("modules", by="folder")
    assert needs(made) == {"b": [], "a": ["b"], "top": ["a"]}
    assert rows_of(made)["b"].item.content == "Read b: b/y.py and 1 more"


def test_batches_have_no_order(split: Split, tmp_path: Path) -> None:
    assert refused(split, "modules", batches=2, order="imported_first")[0] == "/options/order"
    assert refused(split, "modules")[0] == "/options/include"


# ---- codebase ----


def test_an_exploration_goes_in_phases_no_wider_than_their_tools(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {f"pkg/m{at}.py": "import pkg.m0" for at in range(40)} | {f"x.k{at}": "" for at in range(30)})
    made = split("codebase")
    rows = rows_of(made)
    leaves = [row for row in rows.values() if not row.children]
    widths = [sum(1 for row in leaves if row.item.data.phase == phase) for phase in range(1, 6)]
    assert widths[0] == 16
    assert 1 <= widths[1] <= 24
    assert widths[2:] == [8, 8, 1]
    found = needs(made)
    assert [
        len({rows[need].item.data.phase for need in found[row.key]}) for row in leaves if row.item.data.phase == 3
    ] == [1] * 8
    assert rows["read-1"].item.data.executor.arguments["paths"][0] == "pkg/m0.py"  # what most depends on
    assert made.found is not None
    assert (made.found.imports, made.found.most_imported) == (39, (("pkg/m0.py", 39),))
    assert {one.name for row in leaves for one in [row.item.data.executor]} == {"python"}


def test_it_goes_as_deep_as_the_tree_lets_it_or_as_is_asked(split: Split, tmp_path: Path) -> None:
    plant(tmp_path, {"README": "", "a.html": ""})
    assert list(rows_of(split("codebase")))[-1] == "summary"
    assert {"find", "grep", "read"} <= rows_of(split("codebase")).keys()
    assert "refer" not in rows_of(split("codebase"))
    assert [row.key for row in rows_of(split("codebase", depth=1)).values() if row.parent is None] == [
        "find",
        "summary",
    ]
    (row,) = [row for row in rows_of(split("codebase", patterns=["x+"])).values() if row.key.startswith("grep-")]
    assert row.item.data.executor.arguments == {"pattern": "x+", "suffixes": []}


@pytest.mark.parametrize("pattern", ["(", "*", "[z-a]", "(?P<a>x)(?P<a>y)"])
def test_what_is_no_regular_expression_is_refused(split: Split, tmp_path: Path, pattern: str) -> None:
    plant(tmp_path, {"a": ""})
    assert refused(split, "codebase", patterns=["x", pattern])[0] == "/options/patterns/1"


# ---- command ----

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
        (b'[{"content": ""}]', "at /subtasks/0/content: string should match"),
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
