"""Whether commands are confined, trusted or off, and why."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.executors import commands, sandbox
from runs.executors.base import Failed, Job
from runs.executors.commands import Ended
from runs.executors.confine import landlock


def test_a_way_that_works_is_named(open_workspace: Path) -> None:
    mode, reason = sandbox.mode(open_workspace)
    found = sandbox.preflight(open_workspace)
    assert mode is (sandbox.Mode.SANDBOX if found.way else sandbox.Mode.OFF)
    assert reason == found.reason
    assert any(name in reason for name in sandbox.WAYS.values()) if found.way else "off" in reason


@pytest.mark.usefixtures("way")
def test_what_the_system_can_do_is_made_use_of(open_workspace: Path, way: str) -> None:
    """By the word of another program: a mistake of ours must not pass for a system that cannot do it."""
    if way == "namespaces":
        asked = ["unshare", "--user", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]
        can = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    else:
        can = landlock.version() >= landlock.NEEDED_VERSION
    assert sandbox.preflight(open_workspace).way == (way if can else None)


@pytest.mark.parametrize("shell", ["off", "trusted", "sandbox"])
def test_commands_are_off_away_from_linux(
    workspace: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    settings.SHELL = shell
    monkeypatch.setattr(sys, "platform", "darwin")
    assert sandbox.mode(workspace)[0] is sandbox.Mode.OFF


@pytest.mark.parametrize(
    ("host", "mode"),
    [
        ("127.0.0.1", "trusted"),
        ("::1", "trusted"),
        ("localhost", "trusted"),
        ("0.0.0.0", "off"),
        ("::", "off"),
        ("192.168.1.5", "off"),
        ("example.org", "off"),
        ("", "off"),
    ],
)
def test_trusted_needs_an_address_only_this_machine_reaches(
    workspace: Path, settings: Settings, host: str, mode: str
) -> None:
    settings.SHELL = "trusted"
    settings.BIND_HOST = host
    assert sandbox.mode(workspace)[0] == mode


@pytest.mark.parametrize(
    ("code", "tail"), [(1, b"it is still root\n"), (1, b"it can read the home folder"), (7, b""), (None, b"")]
)
def test_a_way_whose_probe_fails_is_not_used(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, tail: bytes
) -> None:
    """Each in its turn, and without falling back to nothing."""
    tried: list[str] = []

    def carry_out(job: Job, order: dict[str, str]) -> Ended:
        tried.append(order["way"])
        return Ended(code, 9 if code is None else None, None, 0.0, tail)

    monkeypatch.setattr(commands, "carry_out", carry_out)
    monkeypatch.setattr(sandbox, "_found", {})
    mode, reason = sandbox.mode(workspace)
    assert mode is sandbox.Mode.OFF
    assert tried[0] == "namespaces"
    assert tail.decode().strip() in reason


def test_a_way_that_cannot_be_set_up_is_not_used(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(job: Job, order: dict[str, str]) -> Ended:
        raise Failed(f"no {order['way']} here")

    monkeypatch.setattr(commands, "carry_out", carry_out)
    monkeypatch.setattr(sandbox, "_found", {})
    mode, reason = sandbox.mode(workspace)
    assert mode is sandbox.Mode.OFF
    assert "no namespaces here" in reason


def test_workspaces_that_cannot_be_confined_turn_commands_off(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"
    (settings.HOME / "inside").mkdir(parents=True)
    for place, reason in (
        (Path("/"), "has the system in it"),
        (tmp_path / "nothing", "is no folder"),
        (settings.HOME, "lies in the home folder"),
        (settings.HOME / "inside", "lies in the home folder"),
    ):
        mode, said = sandbox.mode(place)
        assert (mode, reason in said) == (sandbox.Mode.OFF, True)


def test_the_preflight_is_made_once_for_a_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []

    def try_ways(workspace: Path) -> sandbox.Preflight:
        tried.append(workspace)
        return sandbox.Preflight(None, "no")

    monkeypatch.setattr(sandbox, "_try_ways", try_ways)
    monkeypatch.setattr(sandbox, "_found", {})
    for _ in range(3):
        sandbox.mode(workspace)
    assert tried == [workspace]
    sandbox.forget()
    sandbox.mode(workspace)
    assert len(tried) == 2
