"""A small `make fuzz`, in a process of its own, as it is made by hand."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.roles import SCOPES

ROOT = Path(__file__).resolve().parents[2]
CASES = 100


def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says_to_everybody() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.fuzz"],
        cwd=ROOT,
        env=dict(os.environ) | {"CASES": str(CASES), "SEED": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert all(f"{name}: " in told.stdout for name in SCOPES)
    assert ", 0 breaches" in told.stdout
