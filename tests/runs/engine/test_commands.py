"""What sort of work a command is, by its first programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.commands import KINDS, OTHER, kind_of


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("make -j4", "build"),
        ("cd src && CC=clang make", "build"),
        ("python -m pytest -q tests", "build"),
        ("npm run build", "build"),
        ("cargo test", "build"),
        ("npm install", "package"),
        ("pip install -r x.txt", "package"),
        ("python3.12 -m pip install x", "package"),
        ("git log --oneline | head", "git"),
        ("sudo -n timeout 5 git fetch", "git"),
        ("ps aux | grep x", "system"),
        ("df -h; du -sh .", "system"),
        ("/usr/bin/find . -name '*.py' -exec chmod +x {} +", "file"),
        ("rsync -a a/ b/", "file"),
        ("kill -9 12", "process"),
        ("curl -s https://example.org | tar x", "network"),
        ("(cd a; ping -c1 x)", "network"),
        ("echo make", OTHER),
        ("grep -r make .", OTHER),
        ("./run.sh", OTHER),
        ("python tools/git.py", OTHER),
        ("python", OTHER),
        ("", OTHER),
        ("A=1", OTHER),
        ("'make", OTHER),
        ("git status; 'half", "git"),
        ("# make", OTHER),
    ],
)
def test_a_command_has_the_sort_of_its_first_program_that_has_one(command: str, kind: str) -> None:
    assert kind_of(command) == kind


@given(st.text(max_size=80))
def test_whatever_is_written_has_one_of_the_sorts(command: str) -> None:
    assert kind_of(command) in {*KINDS, OTHER}
