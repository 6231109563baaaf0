"""What the tests keep for the time they run goes afterwards, whatever their end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKES_ONE = "from tests import temporary; made = temporary.folder()"


def end(then: str, home: Path) -> int:
    command = [sys.executable, "-c", f"{MAKES_ONE}; {then}"]
    environment = os.environ | {"TMPDIR": str(home)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True).returncode


@pytest.mark.parametrize("then", ["pass", "raise KeyboardInterrupt"])
def test_a_folder_goes_with_its_process(tmp_path: Path, then: str) -> None:
    end(then, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_forked_child_leaves_it_to_its_parent(tmp_path: Path) -> None:
    then = "import os, sys; os.fork() or sys.exit(); os.wait(); sys.exit(os.path.exists(made))"
    assert end(then, tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_process_that_was_killed_goes_with_the_next_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / f"abreast-tests-{os.getpid()}-mine").mkdir()
    (tmp_path / "abreast-tests-somebody's").mkdir()
    assert end("import os; os.kill(os.getpid(), 9)", tmp_path) == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3
    end("pass", tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
