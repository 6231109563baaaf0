"""The world a command has in namespaces. Where there are none, commands are off, and `attempt` makes sure of that."""

import sys
from pathlib import Path

import pytest

from runs.executors import sandbox
from tests.runs.executors.conftest import attempt


@pytest.fixture(autouse=True)
def _namespaces_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WAYS", {"namespaces": "namespaces"})
    monkeypatch.setattr(sandbox, "_found", {})


def test_it_sees_its_own_processes_only(open_workspace: Path) -> None:
    said = attempt("ls -d /proc/[0-9]* | wc -l", open_workspace)
    assert said is None or int(said) <= 5


def test_it_sees_the_system_the_workspace_and_nothing_else(
    open_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)  # the Python of a checkout beside the workspace would be shown
    said = attempt(f"ls -A /home /mnt /srv /run /boot /sys 2>/dev/null; ls -A {open_workspace.parent}", open_workspace)
    assert tmp_path.is_relative_to(open_workspace.parent)
    assert said is None or open_workspace.name in said.split()
    assert said is None or len(said.split()) == 2  # the workspace, and its own temporary folder beside it


def test_its_network_is_its_own(open_workspace: Path) -> None:
    said = attempt("cat /proc/net/dev | grep -c :; cat /proc/net/route | wc -l", open_workspace)
    assert said in (None, "1\n1\n")


def test_a_server_of_its_own_can_be_reached(open_workspace: Path) -> None:
    """As tests of web applications want. By a listening socket of the shell's making, or not at all."""
    said = attempt("cat /proc/net/if_inet6 | grep -c lo", open_workspace)
    assert said in (None, "1\n") or "if_inet6" in said


def test_it_is_nobody_in_particular(open_workspace: Path) -> None:
    said = attempt(
        "grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs|Seccomp:' /proc/self/status | awk '{print $2}'", open_workspace
    )
    nothing = "0000000000000000"
    assert said is None or said.split() == [nothing, nothing, nothing, "1", "2"]


def test_what_it_makes_belongs_to_whom_the_workspace_does(open_workspace: Path, token: str) -> None:
    said = attempt(f"mkdir {token} && touch {token}/file && ln -s file {token}/link && echo made", open_workspace)
    assert said in (None, "made\n")
    for path in (open_workspace / token).rglob("*"):
        assert path.lstat().st_uid == open_workspace.stat().st_uid


def test_its_temporary_folder_is_small_and_gone_afterwards(open_workspace: Path, token: str) -> None:
    said = attempt(
        f"echo x > /tmp/{token}; echo x > /dev/shm/{token}; ls /tmp /var/tmp | grep -c {token}", open_workspace
    )
    assert said in (None, "2\n")
    assert not Path("/tmp", token).exists()
    assert not Path("/dev/shm", token).exists()


def test_its_system_cannot_be_written(open_workspace: Path) -> None:
    said = attempt("awk '$2 ~ /^\\/(usr|etc|opt)$/ {print $4}' /proc/mounts | cut -d, -f1-3 | sort -u", open_workspace)
    assert said in (None, "ro,nosuid,nodev\n")
