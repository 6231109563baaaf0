"""What the tests of executors share: output kept in memory, workspaces, and whether a process is gone."""

import os
import secrets
import select
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runs.executors import python, sandbox, shell
from runs.executors.base import Failed, Job, Stop
from runs.reports import Output


class Kept:
    """Output in memory. As soon as a text has come, does what `on` says."""

    full = False

    def __init__(self) -> None:
        self.data = b""
        self.on: tuple[bytes, Callable[[], object]] | None = None

    def write(self, data: bytes) -> None:
        self.data += data
        if self.on and self.on[0] in self.data:
            act, self.on = self.on[1], None
            act()

    def close(self) -> Output:
        return Output(len(self.data))

    def stop_at(self, text: bytes, job: Job, why: Stop = Stop.CANCEL) -> None:
        self.on = (text, lambda: job.stop(why))


def gone(pid: int) -> bool:
    """Whether a process has ended; waits a little for one that is about to."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5.0)[0])
    finally:
        os.close(handle)


def survivors(token: str) -> list[str]:
    """Command lines of the living processes that have this in their command line or environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                line = (process / "cmdline").read_bytes()
                if token.encode() in line + (process / "environ").read_bytes():
                    found.append(line.decode())
            except OSError:
                continue
    return found


def attempt(command: str, workspace: Path, **spec: object) -> str | None:
    """What a command of the shell prints, or the error it fails with. None where commands are off.

    Where nothing can confine a command, none must run and the reason must be said: that is asserted then.
    """
    kept = Kept()
    job = Job({"name": "shell", "command": command} | spec, workspace=workspace, timeout_seconds=120, output=kept)
    mode, reason = sandbox.mode(workspace)
    try:
        shell.run(job)
    except Failed as failed:
        if mode is not sandbox.Mode.OFF:
            return kept.data.decode("utf-8", "replace") + failed.error
        assert (failed.error, failed.retryable) == (reason, False)
        assert reason
        assert not kept.data
        return None
    assert mode is not sandbox.Mode.OFF
    return kept.data.decode("utf-8", "replace")


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def token() -> str:
    """Something to know a process by."""
    return f"token-{secrets.token_hex(8)}"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return workspace


@pytest.fixture(scope="session")
def open_workspace() -> Iterator[Path]:
    """A workspace that any user can reach and write to."""
    with tempfile.TemporaryDirectory(prefix="abreast-workspace-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o777)
        yield Path(folder).resolve()


@pytest.fixture(params=sandbox.WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each way of confining commands by itself, whether it works here or not."""
    found = _FOUND.setdefault(request.param, {})
    monkeypatch.setattr(sandbox, "WAYS", {request.param: sandbox.WAYS[request.param]})
    monkeypatch.setattr(sandbox, "_found", found)
    yield request.param


_FOUND: dict[str, dict[tuple[Path, ...], sandbox.Preflight]] = {}


@pytest.fixture(scope="session", autouse=True)
def _no_hand_stays() -> Iterator[None]:
    yield
    python.close_all()
