"""The process that estimates, without a database."""

import os
import subprocess
import sys
from pathlib import Path

START = "import sys; from runs.estimating.child import main; main(sys.argv[1:])"


def test_a_database_that_is_away_ends_it_with_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": "", "ABREAST_HOME": str(tmp_path)}
    command = [sys.executable, "-c", START, str(tmp_path / "gone" / "x.sqlite3")]
    done = subprocess.run(command, input='{"run": 1}\n', capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "the estimator ends, for the database does not answer: unable to open database file"
    ]
