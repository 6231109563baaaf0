"""What the strategies of modules and of the code base make of a tree."""

from pathlib import Path

import pytest

from tests.todos.decompose.conftest import Split, needs, plant, refused, rows_of, spec

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
