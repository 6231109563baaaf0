"""Runs that are open when a new version is installed go on in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers
from tests.scale import ROOT

pytestmark = pytest.mark.services


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_run_that_is_open_goes_on_after_an_upgrade(database: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "PYTEST_"))}
    environment |= {"ABREAST_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    if database == "sqlite":
        told = _upgraded(environment)
    else:
        with servers.postgres() as server:
            told = _upgraded(environment | {"DATABASE_URL": server.url})
    assert told == {"counts": True, "status": "completed", "violations": []}


def _upgraded(environment: dict[str, str]) -> object:
    command = [sys.executable, "-m", "tests.upgrading"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-3_000:]
    return json.loads(told.stdout.splitlines()[-1])
