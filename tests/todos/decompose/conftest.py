"""Trees of files to decompose, and what a strategy is given to do it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from todos.decompose import imports as import_graph
from todos.decompose import registry
from todos.decompose.base import Around, Made
from todos.decompose.tree import Tree, TreeError, Wanted, walk
from todos.plan.outline import Row, leaf_graph
from todos.problems import Invalid

Split = Callable[..., Made]


def plant(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def around(root: Path, **more: Any) -> Around:
    """A strategy's surroundings, with the tree looked at in this process; programs print what `printed` says."""

    def scan(wanted: Wanted, *, imports: bool = False) -> Tree:
        try:
            tree = walk(root, wanted)
        except TreeError as error:
            raise Invalid.at(f"/options/{error.option}", error.detail) from error
        if imports:
            tree.imports = import_graph.graph(root, [file.path for file in tree.files])
        return tree

    printed = more.pop("printed", b"")
    given: dict[str, Any] = {"content": "Ship it", "taken": (), "limit": 10_000, "scan": scan}
    return Around(**given | {"ask": lambda program, task, timeout_seconds: printed} | more)


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """Splits by a strategy, on the tree below `tmp_path`: `split("files", batches=3, limit=10)`."""
    surroundings = ("content", "taken", "limit", "printed")

    def by(strategy: str, **options: Any) -> Made:
        given = {name: options.pop(name) for name in surroundings if name in options}
        return registry.split(strategy, options, around(tmp_path, **given))

    return by


def rows_of(made: Made) -> dict[str, Row]:
    """The outline as rows, checked as it is when it is made: keys, dependencies, cycles."""
    from todos.actions.planting import outline_of

    return {row.key: row for row in outline_of(made.subtasks)}


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
