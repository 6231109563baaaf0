"""The walk that every strategy looks at, on friendly and on hostile trees."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.todos.decompose.conftest import plant
from todos import paths
from todos.decompose import tree
from todos.decompose.tree import MISSING, Tree, TreeError, Wanted, walk


def found(root: Path, **wanted: object) -> list[str]:
    return [file.path for file in walk(root, Wanted(**wanted)).files]  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    plant(tmp_path, {"b.py": "bb", "a/x.py": "", "a/y.txt": "y", "a/deep/z.py": "", "c/x.py": ""})
    return tmp_path


def test_files_come_folder_by_folder_and_by_name(root: Path) -> None:
    assert found(root) == ["b.py", "a/x.py", "a/y.txt", "a/deep/z.py", "c/x.py"]
    assert walk(root, Wanted()).files[0].size == 2


@pytest.mark.parametrize("folder", ["a", "./a", "a/", "c/../a"])
def test_a_folder_is_looked_at_alone_and_paths_stay_those_of_the_root(root: Path, folder: str) -> None:
    assert found(root, folder=folder) == ["a/x.py", "a/y.txt", "a/deep/z.py"]


def test_patterns_are_relative_to_the_folder(root: Path) -> None:
    assert found(root, include=["*.py"]) == ["b.py", "a/x.py", "a/deep/z.py", "c/x.py"]
    assert found(root, include=["/*.py"]) == ["b.py"]
    assert found(root, folder="a", include=["/*.py"]) == ["a/x.py"]
    assert found(root, include=["**/x.py"], exclude=["c/"]) == ["a/x.py"]
    assert found(root, include=["*.py", "!x.py"]) == ["b.py", "a/deep/z.py"]


def test_an_excluded_folder_is_not_entered(root: Path) -> None:
    assert found(root, exclude=["a"]) == ["b.py", "c/x.py"]


def test_ignore_files_count_from_the_root_down_and_the_nearest_has_the_last_word(root: Path) -> None:
    plant(root, {".gitignore": "*.txt\n/c\n", "a/.gitignore": "!y.txt\ndeep/\n"})
    assert found(root) == [".gitignore", "b.py", "a/.gitignore", "a/x.py", "a/y.txt"]
    assert "c/x.py" in found(root, gitignore=False)
    assert found(root, folder="a/deep") == ["a/deep/z.py"]
    (root / "a" / ".gitignore").unlink()
    assert found(root, folder="a") == ["a/x.py", "a/deep/z.py"]


def test_lines_of_an_ignore_file_that_are_no_patterns_mean_nothing(root: Path) -> None:
    (root / ".gitignore").write_bytes(b"!\n[z-a]\n\\\n\xff\xfe\n*.txt\n")
    assert "a/y.txt" not in found(root)


def test_an_ignore_file_that_is_a_link_out_is_not_read(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "rules"
    elsewhere.write_text("*")
    (root / ".gitignore").symlink_to(elsewhere)
    assert found(root)[0] == "b.py"


def test_version_control_caches_and_environments_are_not_looked_at(root: Path) -> None:
    plant(root, {".git/config": "", "a/node_modules/m.js": "", "env/pyvenv.cfg": "", "env/lib/x.py": "", "var/db": ""})
    assert found(root) == ["b.py", "a/x.py", "a/y.txt", "a/deep/z.py", "c/x.py"]


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        ({"folder": "nothing"}, "folder"),
        ({"folder": ".."}, "folder"),
        ({"folder": "/etc"}, "folder"),
        ({"folder": "a/../.."}, "folder"),
        ({"folder": "b.py"}, "folder"),
        ({"folder": ""}, "folder"),
        ({"folder": "a\0"}, "folder"),
        ({"folder": "x" * 5000}, "folder"),
        ({"include": ["*.py", "!"]}, "include/1"),
        ({"exclude": ["[z-a]"]}, "exclude/0"),
        ({"files": ["b.py", "../x"]}, "files/1"),
        ({"files": ["a"]}, "files/0"),
        ({"files": ["/etc/passwd"]}, "files/0"),
    ],
)
def test_what_cannot_be_walked_names_the_option(root: Path, wanted: dict[str, object], option: str) -> None:
    with pytest.raises(TreeError) as refused:
        walk(root, Wanted(**wanted))  # type: ignore[arg-type]
    assert refused.value.option == option
    assert len(refused.value.detail) < 1000


def test_named_files_are_taken_as_they_are_also_when_they_do_not_exist(root: Path) -> None:
    files = walk(root, Wanted(files=["b.py", "new.py"])).files
    assert [(file.path, file.size) for file in files] == [("b.py", 2), ("new.py", MISSING)]


# ---- hostile trees ----


def test_links_are_not_followed_and_counted(root: Path) -> None:
    (root / "loop").symlink_to(".")
    (root / "a" / "up").symlink_to("..")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "self").symlink_to("self")
    seen = walk(root, Wanted())
    assert [file.path for file in seen.files] == ["b.py", "a/x.py", "a/y.txt", "a/deep/z.py", "c/x.py"]
    assert seen.left_out == 4


def test_names_with_line_breaks_and_turned_directions_are_taken_as_they_are(tmp_path: Path) -> None:
    names = ["line\nbreak", "turned\u202egpj.exe", "  ", "-rf", "*", "[id].tsx", "tab\t", "\x1b[31m"]
    plant(tmp_path, dict.fromkeys(names, ""))
    assert sorted(found(tmp_path)) == sorted(names)


def test_names_that_are_no_text_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).touch()
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    (tmp_path / "plain").touch()
    assert walk(tmp_path, Wanted()) == Tree([paths.File("plain", 0)], 2)


def test_devices_and_sockets_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert walk(tmp_path, Wanted()) == Tree([], 1)


def test_nesting_has_an_end(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(100):
        here = here / "d"
    here.mkdir(parents=True)
    (here / "deepest").touch()
    (tmp_path / "d" / "shallow").touch()
    assert walk(tmp_path, Wanted()) == Tree([paths.File("d/shallow", 0)], 1)


def test_a_path_that_is_too_long_for_a_subtask_is_left_out(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    name = "n" * 250
    for _ in range(20):
        os.mkdir(name, dir_fd=handle)
        below = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("file", os.O_CREAT, dir_fd=handle))
    os.close(handle)
    assert walk(tmp_path, Wanted()) == Tree([], 1)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that nobody's user can reach."""
    with tempfile.TemporaryDirectory(prefix="abreast-tree-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_may_not_be_read_is_left_out_and_counted(public: Path) -> None:
    plant(public, {"open/a": "", "closed/b": ""})
    (public / "closed").chmod(0)
    if os.geteuid() != 0:
        assert walk(public, Wanted()) == Tree([paths.File("open/a", 0)], 1)
        return
    # Everything is loaded before rights are given up: where it is installed, nobody else may read.
    told = """if True:
        import os, sys
        from pathlib import Path
        from todos.decompose.tree import Wanted, walk
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        print(walk(Path(sys.argv[1]), Wanted()))
    """
    run = [sys.executable, "-c", told, str(public)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert said == f"{Tree([paths.File('open/a', 0)], 1)}\n"


def test_a_tree_has_so_many_files_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {f"{at}.txt": "" for at in range(6)})
    monkeypatch.setattr(tree, "MAX_FILES", 6)
    assert len(found(tmp_path)) == 6
    (tmp_path / "one-more").touch()
    with pytest.raises(TreeError, match="more than 6 files: name a folder below"):
        walk(tmp_path, Wanted())
    monkeypatch.setattr(tree, "MAX_FILES", 100)
    monkeypatch.setattr(tree, "MAX_VISITED", 5)
    with pytest.raises(TreeError, match="more than 5 entries"):
        walk(tmp_path, Wanted(include=["nothing"]))


def test_a_folder_that_goes_away_meanwhile_ends_nothing(root: Path) -> None:
    (root / "a" / "deep").chmod(0)
    assert "c/x.py" in found(root)
