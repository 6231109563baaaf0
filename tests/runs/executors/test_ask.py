"""Asking a program: what it gets, what comes back, and that a bad one leaves nothing behind."""

import json
from pathlib import Path
from typing import Any

import pytest

from runs.executors import sandbox
from runs.executors.ask import MAX_BYTES, NoAnswer, ask
from tests.runs.executors.conftest import survivors

pytestmark = pytest.mark.skipif(
    sandbox.mode()[0] is sandbox.Mode.OFF, reason="nothing here confines commands, so none runs"
)


def asked(workspace: Path, program: str | list[str], task: Any = None, **limits: Any) -> bytes:
    return ask(workspace, program, task, **{"timeout_seconds": 20, **limits})


def refused(workspace: Path, program: str | list[str], **limits: Any) -> str:
    with pytest.raises(NoAnswer) as error:
        asked(workspace, program, **limits)
    return str(error.value)


@pytest.mark.parametrize("program", ["cat", ["/bin/cat"], ["sh", "-c", "cat"], "cat; exit 0 # 'x"])
def test_a_program_reads_its_task_and_its_output_is_the_answer(open_workspace: Path, program: str | list[str]) -> None:
    task = {"content": "ä\n$(touch canary)", "list": [1, None]}
    assert json.loads(asked(open_workspace, program, task)) == task
    assert not (open_workspace / "canary").exists()


def test_what_it_says_on_standard_error_is_no_part_of_the_answer(open_workspace: Path) -> None:
    assert asked(open_workspace, "echo thinking >&2; printf '[1]'; echo done >&2") == b"[1]"
    assert asked(open_workspace, "head -c 3000000 /dev/zero >&2; printf x") == b"x"


def test_it_runs_in_the_workspace_and_its_arguments_are_arguments(open_workspace: Path) -> None:
    assert asked(open_workspace, ["pwd"]).decode().strip() == str(open_workspace)
    assert asked(open_workspace, ["printf", "%s|", "a b", "$HOME", "-n", ";ls"]) == b"a b|$HOME|-n|;ls|"


def test_a_large_answer_comes_whole(open_workspace: Path) -> None:
    printed = asked(open_workspace, f"head -c {MAX_BYTES} /dev/zero | tr '\\0' a")
    assert (len(printed), printed.strip(b"a")) == (MAX_BYTES, b"")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("echo no model >&2; exit 3", "exit code 3: no model"),
        ("echo half a plan; exit 1", "exit code 1"),
        (["no-such-program-anywhere"], "exit code 127 (there is no such command)"),
        (["/etc/passwd"], "exit code 126 (cannot be executed)"),
        ("kill -9 $$", "exit code 137"),
    ],
)
def test_a_program_that_fails_says_how(open_workspace: Path, program: str | list[str], says: str) -> None:
    assert refused(open_workspace, program).startswith(says)


def test_a_gigabyte_is_stopped_early(open_workspace: Path, token: str) -> None:
    said = refused(open_workspace, f"TOKEN={token} head -c 1000000000 /dev/zero")
    assert said == "printed more than 4 MiB"
    assert survivors(token) == []


def test_a_little_too_much_is_too_much(open_workspace: Path) -> None:
    assert refused(open_workspace, "head -c 13000 /dev/zero", max_bytes=10_000).startswith("printed more than")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(open_workspace: Path, token: str) -> None:
    program = f"export TOKEN={token}; trap '' TERM; (sleep 300 & sleep 300) & sleep 300"
    assert refused(open_workspace, program, timeout_seconds=1) == "took more than 1 s"
    assert survivors(token) == []


def test_what_a_program_leaves_running_does_not_hold_up_its_answer(open_workspace: Path, token: str) -> None:
    assert asked(open_workspace, f"TOKEN={token} sleep 300 & printf x") == b"x"
    assert survivors(token) == []


def test_a_program_sees_no_secret_of_the_server(open_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABREAST_SECRET_KEY", "a secret")
    assert b"a secret" not in asked(open_workspace, "env; cat /proc/self/environ")
