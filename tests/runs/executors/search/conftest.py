"""What the tests of searches share: an own home folder, a tree to search, and one call of the executor."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import search
from runs.executors.base import Job
from runs.executors.search import background, strategies
from tests.runs.executors.conftest import Kept

FILES = {
    "app/loader.py": "import os\n\n\nclass Loader:\n    def load(self):\n        return os.name\n",
    "app/main.py": "from app.loader import Loader\n\n\nprint(Loader().load())\n",
    "web/loader.js": "import x from './x'\nexport class Loader {}\n",
    "notes.txt": "the loader loads\nnothing\n",
    ".gitignore": "*.log\n/built/\n",
    "run.log": "Loader\n",
    "built/loader.py": "class Loader: pass\n",
}


@pytest.fixture(autouse=True)
def _no_limits_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strategies that a test calls itself would limit this process, and have it step back, for good."""
    monkeypatch.setattr(strategies, "_limit", lambda seconds: None)
    monkeypatch.setattr(os, "nice", lambda by: by)


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.HOME = tmp_path / "home"
    return tmp_path / "home"


@pytest.fixture
def tree(workspace: Path) -> Path:
    for path, text in FILES.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(text)
    return workspace


Find = Callable[..., dict[str, Any]]


@pytest.fixture
def find(workspace: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Find]:
    """Searches the workspace; the index is left to the tests that are about it."""
    monkeypatch.setattr(background, "want", lambda workspace: None)

    def find(query: Any, *strategies: str, **spec: Any) -> dict[str, Any]:
        output = Kept()
        job = Job({"query": query} | spec, workspace=workspace, timeout_seconds=60, output=output)
        if strategies:
            job.spec["strategies"] = list(strategies)
        found: dict[str, Any] = search.run(job).result
        return found | {"printed": output.data.decode()}

    yield find
    background.stop()


def places(found: dict[str, Any]) -> set[tuple[str, int | None]]:
    return {(match["path"], match["line"]) for match in found["matches"]}
