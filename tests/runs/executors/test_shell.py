"""The executor `shell`: what it accepts, what it answers, and that nothing but its command is ever executed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import sandbox, shell
from runs.executors.base import Failed, Job
from runs.executors.results import encode
from tests.runs.executors.conftest import Kept, attempt, survivors

CANARY = "canary"
PAYLOADS = [
    f"; touch {CANARY}",
    f"&& touch {CANARY}",
    f"| touch {CANARY}",
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"\ntouch {CANARY}\n",
    f"'; touch {CANARY}; '",
    f'"; touch {CANARY}; "',
    f"${{x:-$(touch {CANARY})}}",
    f"<(touch {CANARY})",
    f"a=b touch {CANARY}",
    f"() {{ :;}}; touch {CANARY}",
    f"\r\ntouch {CANARY}",
    f"\u2028touch {CANARY}",
    f"“; touch {CANARY}",
    "-rf .",
    "--help",
    "-c 'touch canary'",
    "*",
    "~root",
    "../../etc/passwd",
    "%s%n",
    "\x1b]0;title\x07",
    "\\",
]


def run(workspace: Path, **spec: Any) -> Any:
    return shell.run(Job({"name": "shell"} | spec, workspace=workspace, timeout_seconds=30)).result


def test_a_command_answers_with_code_time_and_tail(open_workspace: Path) -> None:
    if attempt("true", open_workspace) is None:
        return
    result = run(open_workspace, command="echo one; echo two >&2")
    assert result.keys() == {"exit_code", "seconds", "output_tail"}
    assert (result["exit_code"], result["output_tail"]) == (0, "one\ntwo\n")
    assert 0 < result["seconds"] < 30


@pytest.mark.parametrize(
    ("command", "error", "retryable"),
    [
        ("echo a; echo b; exit 3", "exit code 3: a\nb", True),
        ("false", "exit code 1", True),
        ("no-such-command-anywhere", r"exit code 127 \(there is no such command\): .*no-such-command-anywhere", False),
        ("/etc/passwd", r"exit code 126 \(cannot be executed\): .*/etc/passwd", False),
        ("-x", r"exit code 127 \(there is no such command\)", False),
        ("kill -SEGV $$", "was ended by SIGSEGV", True),
        (
            "for i in $(seq 100); do echo line $i; done; exit 1",
            "exit code 1: line 96\nline 97\nline 98\nline 99\nline 100",
            True,
        ),
        ("if", "exit code 2: .*syntax error", True),
    ],
)
def test_a_command_that_fails_says_how(open_workspace: Path, command: str, error: str, retryable: bool) -> None:
    if attempt("true", open_workspace) is None:
        return
    with pytest.raises(Failed, match=f"^{error}") as failed:
        run(open_workspace, command=command)
    assert failed.value.retryable is retryable


def test_a_long_output_leaves_its_last_64_kib(open_workspace: Path) -> None:
    """Cut in the middle of a character, which is dropped."""
    if attempt("true", open_workspace) is None:
        return
    tail = run(open_workspace, command="head -c 100000 /dev/zero | tr '\\0' a; printf 'ä%.0s' $(seq 32768); echo")[
        "output_tail"
    ]
    assert tail == "ä" * 32767 + "\n"
    tail = run(open_workspace, command="head -c 200000 /dev/urandom")["output_tail"]
    assert len(tail) <= 64 * 1024
    encode(tail, 256 * 1024)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"command": ""},
        {"command": "  \n"},
        {"command": ["ls"]},
        {"command": "echo \0"},
        {"command": "echo \ud800"},
        {"command": ": " + "x" * 200_000},
        {"command": "true", "env": ["A=1"]},
        {"command": "true", "env": {"A": 1}},
        {"command": "true", "env": {"A=B": "1"}},
        {"command": "true", "env": {"": "1"}},
        {"command": "true", "env": {"A": "\0"}},
        {"command": "true", "env": {"A": "x" * 200_000}},
        {"command": "true", "env": {"A\n": "1"}},
        {"command": "true", "cwd": 7},
        {"command": "true", "cwd": ".."},
        {"command": "true", "cwd": "/"},
        {"command": "true", "cwd": "/etc"},
        {"command": "true", "cwd": "nowhere"},
        {"command": "true", "cwd": "a-file"},
        {"command": "true", "cwd": "out"},
        {"command": "true", "cwd": "\0"},
        {"command": "true", "cwd": ""},
    ],
)
def test_what_no_shell_can_be_given_fails_for_good(workspace: Path, spec: dict[str, Any]) -> None:
    (workspace / "a-file").touch()
    (workspace / "out").symlink_to("/etc")
    with pytest.raises(Failed) as failed:
        run(workspace, **spec)
    assert not failed.value.retryable
    assert len(failed.value.error) < 1000


@pytest.mark.parametrize("cwd", ["folder", "./folder", "folder/../folder", "absolute"])
def test_a_command_runs_in_its_folder(open_workspace: Path, cwd: str) -> None:
    folder = open_workspace / "folder"
    folder.mkdir(exist_ok=True)
    said = attempt("pwd -P", open_workspace, cwd=str(folder) if cwd == "absolute" else cwd)
    assert said in (None, f"{folder}\n")


def test_the_environment_has_what_was_asked_for_and_no_secret(
    open_workspace: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept
) -> None:
    for name in ("ABREAST_SECRET_KEY", "DATABASE_URL", "REDIS_URL", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a secret")
    if attempt("true", open_workspace) is None:
        return
    spec = {"command": "env -0", "env": {"COLUMNS": "120", "TEXT": "ä\n$(x)", "ABREAST_RUN": "forged"}}
    job = Job(spec, workspace=open_workspace, output=kept, run=1, key="lint", attempt=2, epoch=3)
    shell.run(job)
    found = dict(entry.split("=", 1) for entry in kept.data.decode().split("\0") if entry)
    assert "a secret" not in found.values()
    ours = {"ABREAST_RUN": "1", "ABREAST_SUBTASK": "lint", "ABREAST_ATTEMPT": "2", "ABREAST_EPOCH": "3"}
    assert {"COLUMNS": "120", "TEXT": "ä\n$(x)"} | ours == {
        name: found.pop(name) for name in ("COLUMNS", "TEXT", *ours)
    }
    assert found.keys() <= {
        *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME"),
        *("PWD", "OLDPWD", "SHLVL", "_"),
    }


def test_home_is_a_folder_of_the_commands_own(open_workspace: Path) -> None:
    said = attempt('touch "$HOME/a" "$TMPDIR/b" && ls -A "$HOME" && cd && pwd', open_workspace)
    assert said is None or (said.startswith("a\nb\n") and not said.endswith(f"{Path.home()}\n"))
    second = attempt('ls -A "$HOME"', open_workspace)
    assert second in (None, "")


def test_results_of_others_come_in_a_file(open_workspace: Path, kept: Kept) -> None:
    inputs = {"files": ["a", "b\n$(touch canary)"], "ä": {"x": None}}
    job = Job({"command": 'cat "$ABREAST_INPUTS"'}, inputs=inputs, workspace=open_workspace, output=kept)
    if attempt("true", open_workspace) is not None:
        shell.run(job)
        assert json.loads(kept.data) == inputs
    assert attempt('echo "${ABREAST_INPUTS-none}"', open_workspace) in (None, "none\n")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_a_command(open_workspace: Path, payload: str, kept: Kept) -> None:
    """Not in any field that is not the command: content, key, results of others, environment, folder."""
    if attempt("true", open_workspace) is None:
        return
    before = {path.name for path in open_workspace.iterdir()}
    job = Job(
        {"command": 'printf "%s" "$X"', "env": {"X": payload}},
        content=payload,
        key=payload,
        inputs={payload: [payload]},
        workspace=open_workspace,
        output=kept,
    )
    shell.run(job)
    assert kept.data.decode() == payload
    with pytest.raises(Failed):
        run(open_workspace, command="true", cwd=payload)
    with pytest.raises(Failed):
        run(open_workspace, command="true", env={payload: "1"})
    assert {path.name for path in open_workspace.iterdir()} == before


def test_a_command_that_is_not_let_through_does_not_begin(open_workspace: Path, settings: Settings) -> None:
    settings.SHELL_PROGRAMS = ["ls"]
    job = Job({"command": "ls; touch not-let-through"}, workspace=open_workspace, timeout_seconds=60)
    with pytest.raises(Failed, match="not let through: 'touch' is none of the programs") as failed:
        shell.run(job)
    assert not failed.value.retryable
    assert not (open_workspace / "not-let-through").exists()


def test_commands_that_are_off_say_why(workspace: Path, settings: Settings) -> None:
    settings.SHELL = "off"
    with pytest.raises(Failed, match="switched off") as failed:
        run(workspace, command="touch canary")
    assert not failed.value.retryable
    assert not (workspace / CANARY).exists()


def test_trusted_commands_run_as_the_server(
    workspace: Path, settings: Settings, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its rights and its home, but without its secrets, and none survives its end."""
    settings.SHELL = "trusted"
    monkeypatch.setenv("ABREAST_SECRET_KEY", "a secret")
    daemon = f"(setsid nohup bash -c ': {token}; sleep 100; :' >&- 2>&- &)"
    command = f'id -u; echo $HOME; env | grep -c "a secret"; {daemon}; (exec -a {token} sleep 100) &'
    result = run(workspace, command=command)
    assert result["output_tail"].split() == [str(os.getuid()), os.environ["HOME"], "0"]
    assert not survivors(token)
    assert sandbox.mode(workspace)[0] is sandbox.Mode.TRUSTED
