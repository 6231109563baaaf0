"""Landlock: its version decides whether it will do."""

from pathlib import Path

import pytest

from runs.executors import sandbox
from runs.executors.confine import landlock
from tests.runs.executors.conftest import attempt


@pytest.fixture(autouse=True)
def _landlock_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WAYS", {"landlock": "Landlock"})
    monkeypatch.setattr(sandbox, "_found", {})


def test_too_old_a_version_is_no_way(open_workspace: Path) -> None:
    mode, reason = sandbox.mode(open_workspace)
    if landlock.version() < landlock.NEEDED_VERSION:
        assert mode is sandbox.Mode.OFF
        assert f"version {landlock.version()}" in reason
    else:
        assert (mode, "Landlock" in reason) == (sandbox.Mode.SANDBOX, True)


def test_it_may_write_to_the_workspace_and_its_own_folder_only(open_workspace: Path, token: str) -> None:
    said = attempt(f"touch {token} $HOME/{token} && echo made; touch /tmp/{token}", open_workspace)
    assert said is None or said.startswith("made\n")
    assert said is None or "exit code 1" in said
    assert not Path("/tmp", token).exists()


def test_the_folder_of_its_own_is_gone_afterwards(open_workspace: Path) -> None:
    said = attempt("mkdir $HOME/x && chmod 0 $HOME/x && echo $HOME", open_workspace)
    assert said is None or not Path(said.strip()).exists()
