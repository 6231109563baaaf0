"""Who imports whom, found without importing anything."""

from pathlib import Path

import pytest

from tests.todos.decompose.conftest import plant
from todos.decompose.imports import MAX_BYTES, graph


def imports(root: Path, files: dict[str, str]) -> dict[str, list[str]]:
    """Those that import something."""
    plant(root, files)
    return {path: imported for path, imported in graph(root, files).items() if imported}


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("import app.b", ["app/b.py"]),
        ("import app.b as c, app", ["app/__init__.py", "app/b.py"]),
        ("from app import b", ["app/b.py"]),
        ("from app import b, VERSION", ["app/__init__.py", "app/b.py"]),
        ("from app import *", ["app/__init__.py"]),
        ("from app.b import thing", ["app/b.py"]),
        ("import app.b.thing", ["app/b.py"]),
        ("from . import b", ["app/b.py"]),
        ("from .b import thing", ["app/b.py"]),
        ("from .sub import deep", ["app/sub/deep.py"]),
        ("from .sub.deep import thing", ["app/sub/deep.py"]),
        ("from .. import top", ["top.py"]),
        ("from ... import top", ["top.py"]),  # goes up further than there is
        ("import a", []),
        ("import json", []),
        ("import top", ["top.py"]),
        ("try:\n    import app.b\nexcept ImportError:\n    import top", ["app/b.py", "top.py"]),
        ("if x:\n    pass\nelse:\n    class C:\n        import top", ["top.py"]),
        ("with x:\n    import top", ["top.py"]),
        ("match x:\n    case 1:\n        import top", ["top.py"]),
        ("def f():\n    import top", []),
        ("async def f():\n    import top", []),
        ("if TYPE_CHECKING:\n    import top\nelse:\n    import app.b", ["app/b.py"]),
        ("if typing.TYPE_CHECKING:\n    import top", []),
        ("text = 'import top'", []),
        ("import app.a", []),  # itself
        ("import top(", []),
        ("import top\nx = (", ["top.py"]),  # nothing is imported from where it is no Python on
        ("if x:\n    import top\nelse:\n    import app.b\n\nx = 1\n", ["app/b.py", "top.py"]),
        ("try:\n    import top\nfinally:\n    x = 1\n", ["top.py"]),
        ("import top\n'''\nimport app.b\nx\n'''\ny = 1\n", ["top.py"]),
        ("x = '''\nimport app.b\n'''; import top\ny = 1\n", ["top.py"]),
        ("x = [  # import\n1,\n]\nimport top; y = 1\nz = 1", ["top.py"]),
        ("\0", []),
        ("(" * 5000, []),
        ("x = " + "-" * 5000 + "1", []),
    ],
)
def test_what_is_imported_when_the_file_is(tmp_path: Path, line: str, imported: list[str]) -> None:
    files = {"app/__init__.py": "", "app/a.py": line, "app/b.py": "", "app/sub/__init__.py": ""}
    found = imports(tmp_path, files | {"app/sub/deep.py": "", "top.py": ""})
    assert found.get("app/a.py", []) == imported


def test_a_package_below_a_folder_goes_by_its_own_name(tmp_path: Path) -> None:
    files = {
        "src/app/__init__.py": "",
        "src/app/a.py": "import app.b",
        "src/app/b.py": "",
        "src/run.py": "import app.a",
    }
    assert imports(tmp_path, files) == {"src/app/a.py": ["src/app/b.py"], "src/run.py": ["src/app/a.py"]}


def test_a_package_imports_from_its_own_folder(tmp_path: Path) -> None:
    files = {"app/__init__.py": "from .b import *\nfrom . import c", "app/b.py": "", "app/c.py": ""}
    assert imports(tmp_path, files) == {"app/__init__.py": ["app/b.py", "app/c.py"]}


def test_what_is_too_large_or_in_another_coding_ends_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "", "large.py": "import a\n" + "#" * MAX_BYTES})
    (tmp_path / "coded.py").write_bytes("# coding: latin-1\nimport a  # é".encode("latin-1"))
    (tmp_path / "wrong.py").write_bytes(b"# coding: nothing\nimport a")
    assert graph(tmp_path, ["a.py", "large.py", "coded.py", "wrong.py", "gone.py", "text.md"]) == {
        "a.py": [],
        "large.py": [],
        "coded.py": ["a.py"],
        "wrong.py": [],
        "gone.py": [],
    }


def test_nesting_without_end_is_no_python(tmp_path: Path) -> None:
    deep = "".join(" " * at + "if x:\n" for at in range(99)) + " " * 99 + "import a"
    assert imports(tmp_path, {"a.py": "", "deep.py": deep}) == {"deep.py": ["a.py"]}
    hostile = "if x:pass\n" + "elif x:pass\n" * 20_000
    assert imports(tmp_path, {"a.py": "", "deep.py": hostile}) == {}
