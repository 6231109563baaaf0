"""Which way a path is opened; what both ways do is in `test_paths.py`."""

import errno
import os
from pathlib import Path

import pytest

from todos import beneath


def test_the_walk_stands_in_where_the_kernel_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(top: int, path: str, flags: int) -> int:
        raise OSError(errno.ENOSYS, "no such call")

    beneath.opener.cache_clear()
    monkeypatch.setattr(beneath, "open_by_kernel", unknown)
    try:
        assert beneath.opener() is beneath.open_by_walking
    finally:
        beneath.opener.cache_clear()


def test_the_walk_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "out").symlink_to("../..")
    top = os.open(tmp_path, beneath.FOLDER)
    before = len(list(Path("/dev/fd").iterdir()))
    for path in ("a/b", "a/nothing", "a/out", "a/../../x", "."):
        try:
            os.close(beneath.open_by_walking(top, path, beneath.FOLDER))
        except OSError as error:
            assert error.errno in (errno.ENOENT, errno.EXDEV)
    assert len(list(Path("/dev/fd").iterdir())) == before
    os.close(top)
