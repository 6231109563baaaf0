"""A workspace with a small tree in it, and todos to decompose there."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from runs.executors import sandbox
from tests.factories import Api, made
from tests.runs.api.adding import one, scene
from tests.scenes import Scene
from tests.todos.decompose.conftest import plant

TREE = {
    "app/__init__.py": "",
    "app/models.py": "class Model:\n    pass\n",
    "app/views.py": "from app.models import Model\n\n\ndef view():\n    return Model()  # TODO\n",
    "README.md": "# App\n",
}
RUNS_COMMANDS = pytest.mark.skipif(sandbox.mode()[0] is sandbox.Mode.OFF, reason="nothing here confines commands")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """One for all, since whether commands can be confined is found out once for a folder. Anybody can reach it."""
    with tempfile.TemporaryDirectory(prefix="abreast-workspace-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture
def workspace(folder: Path, settings: Settings) -> Path:
    for below in folder.iterdir():
        shutil.rmtree(below) if below.is_dir() and not below.is_symlink() else below.unlink()
    plant(folder, TREE)
    settings.WORKSPACE = folder
    return folder


@pytest.fixture
def todo(api: Api, workspace: Path) -> dict[str, Any]:
    return made(api, content="Ship it", subtasks=[{"content": "Read"}])


def decompose(api: Api, todo: dict[str, Any], strategy: str, preview: bool = True, **options: Any) -> Any:
    body = {"strategy": strategy, "options": options, "preview": preview}
    return api.post(f"todos/{todo['id']}/decompose/", body)


@pytest.fixture
def there(ada: User) -> Scene:
    """`scan` is under way, `report` waits for it."""
    made = scene(ada, one("scan"), one("report", depends_on=["scan"]))
    made.start("scan")
    return made
