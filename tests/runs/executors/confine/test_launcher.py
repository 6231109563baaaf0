"""The launcher: a command that cannot be confined is not started at all."""

from pathlib import Path
from typing import Any

import pytest

from runs.executors import commands, sandbox
from runs.executors.base import Failed, Job
from tests.runs.executors.conftest import attempt

pytestmark = pytest.mark.usefixtures("way")

BROKEN: list[dict[str, Any]] = [
    {"cwd": "/nowhere"},
    {"command": ["/nowhere/at/all"]},
    {"limits": {"RLIMIT_NONSENSE": [1, 1]}},
    {"limits": {"RLIMIT_NOFILE": [2, 1]}},
    {"workspace": "/nowhere"},
    {"scratch": None, "way": "nonsense"},
    {"environment": {"A=B": "\0"}},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: next(iter(broken)))
def test_what_cannot_be_confined_is_not_started(open_workspace: Path, token: str, broken: dict[str, Any]) -> None:
    if attempt("true", open_workspace) is None:
        return
    order = sandbox.order(sandbox.Mode.SANDBOX, open_workspace)
    order |= {"command": [sandbox.shell(), "-c", f"touch {token}"], "cwd": str(open_workspace)}
    with pytest.raises(Failed, match="could not be run"):
        commands.carry_out(Job({}, workspace=open_workspace, timeout_seconds=20), order | broken)
    assert not (open_workspace / token).exists()


def test_nothing_but_the_three_streams_is_inherited(open_workspace: Path) -> None:
    said = attempt("ls /proc/self/fd; readlink /proc/self/fd/0", open_workspace)
    assert said in (None, "0\n1\n2\n3\n/dev/null\n")  # the fourth is the folder that ls reads


def test_signals_that_python_ignores_are_heeded_again(open_workspace: Path) -> None:
    said = attempt("yes | head -1; echo ${PIPESTATUS[0]}", open_workspace)
    assert said in (None, "y\n141\n")


def test_a_command_gives_way_to_the_server(open_workspace: Path) -> None:
    assert attempt("nice", open_workspace) in (None, "10\n")
