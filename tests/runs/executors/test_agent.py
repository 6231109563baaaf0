"""The executor `agent`: real programs in real repositories."""

import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import agent, sandbox
from runs.executors.base import Failed, Job, Outcome, Stop, Stopped
from runs.executors.results import encode
from tests.runs.acting import Stage
from tests.runs.executors.conftest import Kept, survivors

pytestmark = pytest.mark.skipif(
    sandbox.mode()[0] is sandbox.Mode.OFF, reason="nothing here confines commands, so none runs"
)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", f"safe.directory={folder}"]
    asked = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(asked, capture_output=True, check=True, text=True).stdout


@pytest.fixture
def repository() -> Iterator[Path]:
    """One commit with a file; anybody may write. Not shared: the ways to confine write as different users."""
    with tempfile.TemporaryDirectory(prefix="abreast-repository-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "notes.txt").write_text("one\n")
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "First.")
        subprocess.run(["chmod", "-R", "a+rwX", str(folder)], check=True)
        yield folder


def call(workspace: Path, script: str, kept: Kept | None = None, prompt: str = "Do it", **more: Any) -> Outcome:
    spec = {"name": "agent", "command": ["sh", "-c", script], "prompt": prompt}
    job = Job(spec, workspace=workspace, timeout_seconds=60, output=kept or Kept(), **more)
    return agent.run(job)


def result(workspace: Path, script: str, kept: Kept | None = None, **more: Any) -> Any:
    return call(workspace, script, kept, **more).result


@pytest.mark.parametrize(
    "prompt", ["Do it", "$(touch canary); `touch canary`\n\n'\"\\", "-rf", "ä" * 60_000, "line\r\nline", "--help"]
)
def test_the_prompt_is_its_standard_input_as_it_is(open_workspace: Path, prompt: str) -> None:
    assert result(open_workspace, "cat", prompt=prompt)["text"] == prompt.strip()
    assert not (open_workspace / "canary").exists()


@pytest.mark.parametrize("prompt", ["Do it", "$(touch canary); 'x'", "-n", "two\nlines"])
def test_the_prompt_is_an_argument_where_one_asks_for_it(open_workspace: Path, prompt: str) -> None:
    spec = {"command": ["printf", "%s|", "--to", "{prompt}", "x{prompt}"], "prompt": prompt}
    told = agent.run(Job(spec, workspace=open_workspace, timeout_seconds=60)).result["text"]
    assert told == f"--to|{prompt}|x{{prompt}}|"
    assert not (open_workspace / "canary").exists()


def test_it_is_told_who_it_is_and_what_others_found(open_workspace: Path) -> None:
    script = 'echo "$ABREAST_RUN $ABREAST_SUBTASK $ABREAST_ATTEMPT"; cat "$ABREAST_INPUTS"'
    told = result(open_workspace, script, inputs={"files": [1]}, run=3, key="fix", attempt=9)["text"]
    assert told.splitlines() == ["3 fix 9", '{"files": [1]}']


def test_json_is_understood_and_tokens_are_counted(open_workspace: Path) -> None:
    answer = {"result": "Done.", "usage": {"input_tokens": 10, "output_tokens": 5}, "total_cost_usd": 0.5}
    outcome = call(open_workspace, f"echo thinking >&2; echo '{json.dumps(answer)}'")
    assert outcome.complete
    assert outcome.result["text"] == "Done."
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.cost) == (10, 5, 0.5)


def test_what_it_prints_streams_and_the_diff_does_not(repository: Path, kept: Kept) -> None:
    told = result(repository, "echo hello; echo two >>notes.txt", kept)
    assert kept.data == b"hello\n"
    assert "+two" in told["diff"]


# ---- worktrees ----


def clean(repository: Path) -> bool:
    worktrees = git(repository, "worktree", "list").splitlines()
    return git(repository, "status", "--porcelain") == "" and len(worktrees) == 1


def test_in_a_repository_it_works_in_a_worktree_and_leaves_a_diff(repository: Path) -> None:
    told = result(repository, "echo two >>notes.txt; mkdir -p a; printf '\\0\\1' >a/new.bin; pwd")
    assert told["text"] != str(repository)
    assert told["diff"].startswith("diff --git a/a/new.bin b/a/new.bin\nnew file mode 100644\n")
    assert "GIT binary patch" in told["diff"]
    assert "\n+two\n" in told["diff"]
    assert not told["diff_truncated"]
    assert clean(repository)


@pytest.mark.usefixtures("way")
def test_each_way_of_confining_it_has_worktrees_and_can_have_the_network(repository: Path, settings: Settings) -> None:
    if sandbox.mode(repository)[0] is sandbox.Mode.OFF:
        assert sandbox.preflight(repository).reason
        return
    settings.AGENT_NETWORK = True
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connect = f'bash -c "exec 3<>/dev/tcp/127.0.0.1/{listening.getsockname()[1]}" && echo in'
        told = result(repository, f"{connect}; echo two >>notes.txt")
    assert told["text"] == "in"
    assert "+two" in told["diff"]
    assert clean(repository)


def test_what_it_commits_is_in_the_diff_too(repository: Path) -> None:
    commit = "git -c user.name=A -c user.email=a@example.org commit --quiet -am Second."
    told = result(repository, f"echo two >>notes.txt && {commit} && echo three >>notes.txt")
    assert "\n+two\n+three\n" in told["diff"]
    assert git(repository, "rev-list", "--count", "HEAD") == "1\n"
    assert clean(repository)


def test_without_changes_the_diff_is_empty_and_without_a_repository_there_is_none(
    repository: Path, open_workspace: Path
) -> None:
    assert result(repository, "true")["diff"] == ""
    told = result(open_workspace, "pwd")
    assert (told["diff"], told["text"]) == (None, str(open_workspace))


def test_a_diff_that_is_too_large_is_cut(repository: Path, settings: Settings) -> None:
    told = result(repository, "seq 200000 >numbers.txt")
    assert told["diff_truncated"]
    assert len(told["diff"]) == agent.MAX_DIFF_BYTES
    encode(told, settings.RESULT_MAX_BYTES)


def test_a_hook_of_the_repository_runs_confined(repository: Path, tmp_path: Path) -> None:
    """A command may have put it there: it must not get out by it."""
    canary = tmp_path / "canary"
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {canary} || true\n")
    hook.chmod(0o755)
    try:
        result(repository, "true")
    finally:
        hook.unlink()
    assert not canary.exists()


def test_one_that_fails_keeps_what_it_changed(repository: Path) -> None:
    with pytest.raises(Failed, match="exit code 3: no idea") as failed:
        result(repository, "echo two >>notes.txt; echo no idea; exit 3")
    assert failed.value.retryable
    assert "+two" in failed.value.partial_result["diff"]
    assert clean(repository)


def test_one_that_says_that_it_failed_has_failed_and_its_tokens_count(open_workspace: Path) -> None:
    answer = {"type": "result", "is_error": True, "result": "No credit.", "usage": {"output_tokens": 5}}
    with pytest.raises(Failed, match="the agent says: No credit") as failed:
        result(open_workspace, f"echo '{json.dumps(answer)}'")
    assert failed.value.usage.output_tokens == 5


def test_one_that_does_not_exist_is_not_tried_again(open_workspace: Path) -> None:
    with pytest.raises(Failed, match="there is no such command") as failed:
        agent.run(Job({"command": ["no-such-agent"], "prompt": "x"}, workspace=open_workspace, timeout_seconds=60))
    assert not failed.value.retryable


def test_one_that_is_stopped_leaves_nothing_running_and_no_change(repository: Path, kept: Kept, token: str) -> None:
    spec = {"command": ["sh", "-c", f"echo two >>notes.txt; echo up; TOKEN={token} sleep 300"], "prompt": "x"}
    job = Job(spec, workspace=repository, timeout_seconds=60, output=kept)
    kept.stop_at(b"up", job, Stop.CANCEL)
    with pytest.raises(Stopped):
        agent.run(job)
    assert survivors(token) == []
    assert clean(repository)
    assert result(repository, "cat notes.txt")["text"] == "one"


# ---- more than one call ----


def test_one_that_is_not_done_goes_on_where_it_was(repository: Path) -> None:
    script = 'echo more >>notes.txt; cat >prompt.txt; echo \'{"complete": false, "text": "half"}\''
    first = call(repository, script)
    assert not first.complete
    again = call(repository, "cat notes.txt prompt.txt; cat", partial_result=first.result, iteration=2)
    assert again.complete
    assert again.result["text"].startswith("one\nmore\nDo it")
    assert "This is call 2." in again.result["text"]
    assert again.result["text"].endswith("half")
    assert "+more" in again.result["diff"]


def test_what_was_too_much_to_keep_cannot_go_on(repository: Path) -> None:
    before = {"text": "half", "diff": "diff", "diff_truncated": True}
    with pytest.raises(Failed, match="more than can be kept"):
        call(repository, "true", partial_result=before)


# ---- settings ----


def test_presets_are_command_lines_by_name(open_workspace: Path, settings: Settings) -> None:
    settings.AGENT_PRESETS = {"echo": ["printf", "%s,", "a"]}
    spec = {"command": ["preset:echo", "b"], "prompt": "x"}
    assert agent.run(Job(spec, workspace=open_workspace, timeout_seconds=60)).result["text"] == "a,b,"
    spec["command"] = ["preset:other"]
    with pytest.raises(Failed, match="there is no preset 'other'; known are echo") as failed:
        agent.run(Job(spec, workspace=open_workspace))
    assert not failed.value.retryable


def test_it_gets_the_variables_that_the_setting_names_and_no_other(
    open_workspace: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", "sesame")
    monkeypatch.setenv("OTHER_KEY", "a secret")
    settings.AGENT_ENVIRONMENT = ["MODEL_KEY", "NOT_SET_KEY"]
    told = result(open_workspace, "env")["text"].splitlines()
    assert "MODEL_KEY=sesame" in told
    assert not any("secret" in line or line.startswith("NOT_SET") for line in told)


@pytest.mark.parametrize("granted", [False, True])
def test_it_has_the_network_of_the_server_only_when_the_setting_says_so(
    open_workspace: Path, settings: Settings, granted: bool
) -> None:
    settings.AGENT_NETWORK = granted
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        spec = {"command": ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo in"], "prompt": "x"}
        job = Job(spec, workspace=open_workspace, timeout_seconds=60)
        if granted:
            assert agent.run(job).result["text"] == "in"
        else:
            with pytest.raises(Failed):
                agent.run(job)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"command": []},
        {"command": "ls"},
        {"command": [7]},
        {"command": ["a\0b"]},
        {"command": ["\ud800"]},
        {"command": ["x" * 200_000]},
        {"command": ["true"], "prompt": ""},
        {"command": ["true"], "prompt": "\0"},
        {"command": ["true"], "prompt": "\ud800"},
        {"command": ["echo", "{prompt}"], "prompt": "x" * 200_000},
    ],
)
def test_what_cannot_be_called_is_refused(open_workspace: Path, spec: dict[str, Any]) -> None:
    with pytest.raises(Failed) as failed:
        agent.run(Job({"prompt": "x"} | spec, workspace=open_workspace, timeout_seconds=60))
    assert not failed.value.retryable


def test_where_commands_are_off_so_are_agents(open_workspace: Path, settings: Settings) -> None:
    settings.SHELL = "off"
    with pytest.raises(Failed, match="ABREAST_SHELL=off") as failed:
        result(open_workspace, "true")
    assert not failed.value.retryable


def test_a_trusted_one_works_in_a_worktree_too(repository: Path, settings: Settings) -> None:
    settings.SHELL, settings.BIND_HOST = "trusted", "127.0.0.1"
    assert "+two" in result(repository, "echo two >>notes.txt")["diff"]
    assert clean(repository)


def test_a_mark_that_comes_in_pieces_is_found() -> None:
    kept = Kept()
    parted = agent._Parted(kept, b"=MARK=")
    for byte in b"a=MA=MARKb=MARK=diff=MARK=":
        parted.write(bytes([byte]))
    parted.close()
    assert (kept.data, bytes(parted.rest)) == (b"a=MA=MARKb", b"diff=MARK=")
    unmarked = agent._Parted(kept, b"=MARK=")
    unmarked.write(b"end=MAR")
    unmarked.close()
    assert kept.data.endswith(b"end=MAR")


def test_in_a_run_it_is_called_until_it_is_done_and_all_its_tokens_count(
    stage: Stage, repository: Path, settings: Settings
) -> None:
    settings.WORKSPACE = repository
    said = '{"complete": %s, "text": "round", "usage": {"output_tokens": 3}}'
    script = f"echo more >>notes.txt; [ $(wc -l <notes.txt) = 3 ] && echo '{said % 'true'}' || echo '{said % 'false'}'"
    spec = {"name": "agent", "command": ["sh", "-c", script], "prompt": "Go on"}
    made = stage.run({"a": {"executor": spec}})
    stage.until(lambda: made.status("a") in ("completed", "failed"))
    assert (made.status("a"), made.subtask("a").error) == ("completed", "")
    assert r"+more\n+more\n" in str(made.subtask("a").result)
    assert made.attempt("a").output_tokens == 6
    assert clean(repository)
