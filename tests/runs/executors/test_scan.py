"""Looking at a tree in a child process that can be ended."""

from pathlib import Path

import pytest

from runs.executors.scan import ScanError, scan
from todos.decompose.tree import Tree, Wanted
from todos.paths import File


def test_the_tree_of_the_child_is_the_tree(workspace: Path) -> None:
    (workspace / "a.py").write_text("import b")
    (workspace / "b.py").touch()
    (workspace / "link").symlink_to("a.py")
    files = [File("a.py", 8), File("b.py", 0)]
    assert scan(workspace, Wanted()) == Tree(files, 1)
    assert scan(workspace, Wanted(), with_imports=True) == Tree(files, 1, {"a.py": ["b.py"], "b.py": []})


@pytest.mark.parametrize(
    ("wanted", "option"), [(Wanted("nothing"), "folder"), (Wanted(include=["a", "!"]), "include/1")]
)
def test_what_is_wrong_names_its_option(workspace: Path, wanted: Wanted, option: str) -> None:
    with pytest.raises(ScanError) as error:
        scan(workspace, wanted)
    assert error.value.option == option


def test_a_pattern_that_takes_for_ever_is_ended(workspace: Path) -> None:
    (workspace / ("a" * 250)).touch()
    with pytest.raises(ScanError, match="takes more than 1 s"):
        scan(workspace, Wanted(include=["*a*a*a*a*a*a*a*a*a*a*a*a*a*b"]), seconds=1)
