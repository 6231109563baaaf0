"""Wherever a process dies within a transaction, what it leaves is sound, and the next one brings the run to its end."""

import json
import subprocess
import sys

import pytest

from tests.scale import ROOT

pytestmark = pytest.mark.services

STEPS = {"sqlite": "8", "postgresql": "16"}  # `python -m tests.crashing`: after every statement


@pytest.mark.parametrize("database", STEPS)
def test_a_process_may_die_after_any_statement(database: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.crashing", STEPS[database], database],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3_000:]
    cells = [json.loads(line) for line in told.stdout.splitlines()]
    assert {cell["doing"] for cell in cells if cell["committed"]} == {cell["doing"] for cell in cells}
    assert sum(not cell["committed"] for cell in cells) >= (14 if database == "sqlite" else 8)
    for cell in cells:
        stopped = "cancelled" if cell["doing"] == "cancel" and cell["committed"] else "completed"
        nothing = cell["doing"] == "make a run" and not cell["committed"]
        assert (cell["violations"], cell["ends"]) == ([], [] if nothing else [stopped]), cell
