"""Who imports whom, drawn from what an exploration has found."""

from pathlib import Path
from typing import Any

import pytest

from dashboard.pages import imports_picture
from dashboard.pages.imports_picture import MOST_NODES, Imports
from runs.executors import survey
from runs.executors.calls import Task

MODULES = {
    "app/__init__.py": "",
    "app/base.py": "",
    "app/models.py": "import app.base",
    "app/views.py": "from app import models, base",
    "app/alone.py": "",
}


def explored(folder: Path, modules: dict[str, str]) -> Any:
    """What the exploration says of these: the merge of what it found in them."""
    for path, text in modules.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    found = survey.find_imports(Task(folder), list(modules))
    return survey.merge(Task(folder, {"imports": {"imports-1": found}}))


def drawn(result: Any) -> Imports:
    found = imports_picture.of(result)
    assert found is not None
    return found


def test_what_is_imported_stands_left_of_what_imports_it_with_how_many_do(tmp_path: Path) -> None:
    found = drawn(explored(tmp_path, MODULES))
    files = {file.path: file for file in found.files}
    assert {path: file.words for path, file in files.items()} == {
        "app/base.py": "imported by 2",
        "app/models.py": "imported by 1",
        "app/views.py": "imported by none",
    }
    base, models, views = (files[f"app/{name}.py"].x for name in ("base", "models", "views"))
    assert base < models < views < found.width
    assert (len(found.lines), found.total) == (3, 3)


def test_the_exploration_of_one_group_of_files_is_drawn_too(tmp_path: Path) -> None:
    explored(tmp_path, MODULES)
    assert drawn(survey.find_imports(Task(tmp_path), list(MODULES))).total == 3


def test_of_many_files_those_are_drawn_that_most_others_import() -> None:
    names = [f"m{number}.py" for number in range(200)]
    edges = [[after, before] for before in range(50) for after in range(before + 1, 200 - before)]
    found = drawn({"graph": {"names": names, "imports": edges}})
    assert {file.path for file in found.files} == {f"m{number}.py" for number in range(MOST_NODES)}
    assert found.total == 200


def test_a_circle_is_drawn_with_all_its_lines() -> None:
    found = drawn({"graph": {"names": ["a", "b", "c"], "imports": [[0, 1], [1, 2], [2, 0], [0, 0]]}})
    assert (len(found.files), len(found.lines)) == (3, 3)


def test_a_chain_as_long_as_a_result_may_be_is_drawn() -> None:
    names = [f"{number:05}" for number in range(20_000)]
    found = drawn({"names": names, "imports": [[at + 1, at] for at in range(19_999)]})
    assert len(found.files) == MOST_NODES


@pytest.mark.parametrize(
    "result",
    [
        None,
        "graph",
        {"graph": None},
        {"graph": {"names": [], "imports": []}},
        {"names": ["a"], "imports": [[0, 1]]},
        {"names": ["a"], "imports": [[0, -1]]},
        {"names": ["a", "b"], "imports": [[0, True]]},
        {"names": ["a", "b"], "imports": [[0, 1, 0]]},
        {"names": ["a", "b"], "imports": ["01"]},
        {"names": ["a", 7], "imports": [[0, 1]]},
        {"names": "ab", "imports": [[0, 1]]},
    ],
)
def test_what_is_no_graph_of_imports_is_not_drawn(result: Any) -> None:
    assert imports_picture.of(result) is None


def test_names_are_shown_without_what_would_change_the_page() -> None:
    found = drawn({"names": ["a\u202eb.py", "a/very/long/path/to/a/module.py"], "imports": [[0, 1]]})
    assert all("\u202e" not in file.path + file.label for file in found.files)
    assert {len(file.label) for file in found.files} <= set(range(20))
