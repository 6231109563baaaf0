"""The core keeps its promises on PostgreSQL as on SQLite: the same tests, on a server of their own."""

import os
import subprocess
import sys

import pytest

from tests import servers
from tests.scale import ROOT

pytestmark = pytest.mark.services

CORE = """
    tests/runs/transitions tests/runs/orchestrating/test_leading.py tests/runs/orchestrating/test_neighbours.py
    tests/runs/test_sweep.py tests/runs/test_loop.py tests/runs/claims/test_claims_together.py
    tests/runs/tracking/test_reports.py tests/runs/statements/test_query_plans.py tests/runs/making/test_storing.py
    --ignore-glob=*/transitions/test_aging.py --ignore-glob=*/transitions/test_asking.py
    --ignore-glob=*/transitions/test_conditions.py --ignore-glob=*/transitions/test_phases.py
""".split()


def test_the_core_keeps_its_promises() -> None:
    with servers.postgres() as server:
        environment = os.environ | {"DATABASE_URL": server.url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        environment.pop("PYTEST_CURRENT_TEST", None)
        environment.setdefault("CLAIMS_EXAMPLES", "8")  # SQLite has tried more of them
        told = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *CORE],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 0, told.stdout[-5_000:]
    assert " passed" in told.stdout
