"""What holds for every tree: each file is in one subtask, groups are balanced, nothing waits in a circle."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.todos.decompose.conftest import around, plant, rows_of
from todos.decompose import registry
from todos.decompose.base import Made
from todos.plan.outline import KEY

NAMES = ["a", "b", "c", "d", "pkg/a", "pkg/b", "pkg/sub/a", "pkg/__init__"]
# A tree: for each file, which others it imports and how long it is.
TREES = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.lists(st.sampled_from(NAMES), max_size=4), st.integers(0, 5_000)), min_size=1
)
COUNTS = st.none() | st.integers(1, 5)


def made(tree: dict[str, Any], strategy: str, **options: Any) -> Made:
    with tempfile.TemporaryDirectory(prefix="abreast-tree-") as folder:
        lines = {
            f"{name}.py": "".join(f"import {_dotted(other)}\n" for other in others)
            for name, (others, _) in tree.items()
        }
        plant(Path(folder), {path: text + "#" * tree[path[:-3]][1] for path, text in lines.items()})
        return registry.split(strategy, {name: value for name, value in options.items() if value}, around(Path(folder)))


def _dotted(name: str) -> str:
    return name.replace("/", ".").removesuffix(".__init__")


def files_of(found: Made) -> list[list[str]]:
    """The files of each leaf."""
    groups = []
    for row in rows_of(found).values():
        executor = row.item.data.executor
        groups.append([executor.path] if executor.name == "read" else executor.arguments["paths"])
    return groups


@given(TREES, st.sampled_from(["files", "modules"]), COUNTS)
@settings(max_examples=60, deadline=None)
def test_every_file_is_in_one_subtask(tree: dict[str, Any], strategy: str, batches: int | None) -> None:
    groups = files_of(made(tree, strategy, batches=batches))
    assert sorted(path for group in groups for path in group) == sorted(f"{name}.py" for name in tree)
    assert batches is None or len(groups) == min(batches, len(tree))


@given(TREES, st.sampled_from(["imported_first", "importers_first"]), st.sampled_from(["file", "folder"]))
@settings(max_examples=60, deadline=None)
def test_whatever_imports_what_nothing_waits_in_a_circle(tree: dict[str, Any], order: str, by: str) -> None:
    rows = rows_of(made(tree, "modules", order=order, by=by))  # raises for a circle, and for keys that are there twice
    assert all(KEY.match(key) for key in rows)
    place = {key: at for at, key in enumerate(rows)}
    assert all(place[need] < place[row.key] for row in rows.values() for need in row.item.depends_on)


@given(st.lists(st.text(min_size=1, max_size=300).filter(str.strip), min_size=1, max_size=20, unique=True))
@settings(max_examples=100, deadline=None)
def test_whatever_features_are_called_they_have_keys_of_their_own(names: list[str]) -> None:
    storable = [name for name in names if name.isprintable()] or ["x"]
    found = registry.split("features", {"features": storable, "qa": False}, around(Path()))
    rows = rows_of(found)
    assert len(rows) == len(storable)
    assert all(KEY.match(key) for key in rows)
