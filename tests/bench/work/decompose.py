"""Splits todos by a tree of so many files, by each strategy that looks at one; says how long that takes."""

import argparse
import json
import shutil
import sysconfig
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (these need the settings)
from django.core.management import call_command  # noqa: E402

from runs import tokens  # noqa: E402
from runs.making import decomposing  # noqa: E402
from todos import actions  # noqa: E402
from todos.models import Todo  # noqa: E402
from todos.principal import for_person  # noqa: E402

STRATEGIES: dict[str, dict[str, Any]] = {
    "files": {"include": ["*.py"]},
    "modules": {},
    "codebase": {"include": ["*.py"], "top": 1_000},
}


def plant(root: Path, files: int) -> None:
    """The first so many Python files of the packages that are installed here: Django among them, whole."""
    packages = Path(sysconfig.get_path("purelib"))
    found = sorted(packages.rglob("*.py"), key=lambda path: (path.relative_to(packages).parts[0] != "django", path))
    if len(found) < files:
        raise RuntimeError(f"only {len(found)} files are installed")
    for path in found[:files]:
        copy = root / path.relative_to(packages)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def split(strategy: str, options: dict[str, Any]) -> dict[str, float]:
    """Seconds until it is shown what would be made, and until all of it is stored."""
    by = for_person(tokens.owner())
    todo = actions.create(by, {"content": "Review all of it"})
    begun = time.perf_counter()
    proposal = decomposing.propose(by, todo, strategy, options)
    shown = time.perf_counter()
    decomposing.make(by, todo, proposal)
    made = time.perf_counter()
    return {"shown": shown - begun, "made": made - shown, "subtasks": Todo.objects.filter(root=todo).count()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=int)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    with TemporaryDirectory() as folder:
        settings.WORKSPACE = root = Path(folder).resolve()
        plant(root, options.files)
        print(json.dumps({"strategies": {name: split(name, wish) for name, wish in STRATEGIES.items()}}))


if __name__ == "__main__":
    main()
