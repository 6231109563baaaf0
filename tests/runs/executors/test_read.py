"""The executor `read`."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import read
from runs.executors.base import Failed, Job
from runs.executors.results import encode


def result_of(workspace: Path, path: Any) -> dict[str, Any]:
    found: dict[str, Any] = read.run(Job({"name": "read", "path": path}, workspace=workspace)).result
    return found


def test_a_file_is_read_with_its_figures(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(data := "eins\nzwei ä\n".encode())
    assert result_of(tmp_path, "a.py") == {
        "path": "a.py",
        "bytes": len(data),
        "lines": 2,
        "sha256": hashlib.sha256(data).hexdigest(),
        "text": "eins\nzwei ä\n",
        "binary": False,
        "truncated": False,
    }


@pytest.mark.parametrize(("data", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"a\r\nb\r\n", 2)])
def test_the_last_line_counts_without_its_end(tmp_path: Path, data: bytes, lines: int) -> None:
    (tmp_path / "file").write_bytes(data)
    found = result_of(tmp_path, "file")
    assert (found["lines"], found["text"]) == (lines, data.decode())


@pytest.mark.parametrize("data", [b"\x89PNG\xff", b"text\0text", b"caf\xe9", "ä".encode()[:1]])
def test_what_is_no_text_has_figures_only(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    found = result_of(tmp_path, "file")
    assert (found["text"], found["binary"], found["truncated"], found["bytes"]) == (None, True, False, len(data))


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "ä" * 20_000, "\x01" * 20_000, '"\n' * 10_000, "\x01" * 3000 + "x" * 9000]
)
def test_a_long_text_is_cut_to_fit_a_result(tmp_path: Path, settings: Settings, text: str) -> None:
    settings.RESULT_MAX_BYTES = 10_001
    (tmp_path / "file").write_text(text, newline="")
    found = result_of(tmp_path, "file")
    assert text.startswith(found["text"])
    assert (found["truncated"], found["binary"], found["bytes"]) == (True, False, len(text.encode()))
    assert found["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert len(encode(found, 10_001)) > 8_000


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "folder", "nothing", "fifo", "out", "n" * 300, "", None, 7]
)
def test_what_is_no_file_of_the_workspace_fails_for_good(tmp_path: Path, path: Any) -> None:
    (tmp_path / "secret").write_text("secret")
    workspace = tmp_path / "workspace"
    (workspace / "folder").mkdir(parents=True)
    (workspace / "out").symlink_to("../secret")
    os.mkfifo(workspace / "fifo")
    with pytest.raises(Failed) as failed:
        result_of(workspace, path)
    assert not failed.value.retryable
    assert failed.value.error


def test_a_file_over_the_size_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.READ_MAX_BYTES = 10
    (tmp_path / "file").write_text("x" * 11)
    with pytest.raises(Failed, match="too large"):
        result_of(tmp_path, "file")
