"""Output of attempts, on disk: one file an attempt below the home folder, written as it streams.

A file is named by run, subtask and epoch. The number of the attempt would not do: what runs in place has none yet.
"""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from runs.reports import Output


def path(run_id: int, subtask_id: int, epoch: int) -> Path:
    return Path(settings.OUTPUTS) / str(run_id) / f"{subtask_id}-{epoch}.log"


def size(run_id: int, subtask_id: int, epoch: int) -> int:
    """Bytes kept so far; 0 when nothing was printed, or it was pruned."""
    try:
        return path(run_id, subtask_id, epoch).stat().st_size
    except FileNotFoundError:
        return 0


def read(run_id: int, subtask_id: int, epoch: int, start: int = 0, end: int | None = None) -> bytes:
    """The bytes from `start` up to `end` (not included), as far as they are there; also while it is written."""
    if start < 0 or (end is not None and end <= start):
        return b""
    try:
        with path(run_id, subtask_id, epoch).open("rb") as file:
            file.seek(start)
            return file.read(-1 if end is None else end - start)
    except FileNotFoundError:
        return b""


def tail(run_id: int, subtask_id: int, epoch: int, max_bytes: int) -> bytes:
    """The last `max_bytes` bytes that are there."""
    there = size(run_id, subtask_id, epoch)
    return read(run_id, subtask_id, epoch, max(0, there - max_bytes), there)


def append(run_id: int, subtask_id: int, epoch: int, offset: int, data: bytes) -> int:
    """Keeps what agents from outside send, beginning at that byte: what is there already is not kept twice, and nothing
    over the cap is kept. Gives where what follows begins. Raises OSError when the disk will not take it."""
    there = size(run_id, subtask_id, epoch)
    fresh = data[max(0, there - offset) :][: max(0, settings.OUTPUT_MAX_BYTES - there)]
    if fresh:
        file = path(run_id, subtask_id, epoch)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as opened:
            opened.write(fresh)
    return max(there, offset + len(data))


def cut(run_id: int, subtask_id: int, epoch: int, length: int) -> None:
    """Takes back what was appended last."""
    if size(run_id, subtask_id, epoch) > length:
        os.truncate(path(run_id, subtask_id, epoch), length)


def summary(run_id: int, subtask_id: int, epoch: int) -> Output:
    """What is kept; up to the cap, all there was is taken to be that."""
    try:
        with path(run_id, subtask_id, epoch).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            kept = file.tell()
    except FileNotFoundError:
        return Output()
    return Output(kept, kept >= settings.OUTPUT_MAX_BYTES, digest)


class Sink:
    """Where one attempt's output streams to. The file is made with the first byte; over the cap nothing is kept."""

    def __init__(self, run_id: int, subtask_id: int, epoch: int) -> None:
        self._path = path(run_id, subtask_id, epoch)
        self._file: BinaryIO | None = None
        self._size = 0
        self._full = False
        self._digest = hashlib.sha256()

    @property
    def full(self) -> bool:
        return self._full

    def write(self, data: bytes) -> None:
        """Keeps what there is room for, at once readable. Raises OSError when the disk will not take it."""
        room = settings.OUTPUT_MAX_BYTES - self._size
        if len(data) > room:
            self._full = True
            data = data[:room]
        while data:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("wb", buffering=0)
            # A disk that is nearly full takes a part: only that counts.
            written = self._file.write(data)
            self._digest.update(data[:written])
            self._size += written
            data = data[written:]

    def close(self) -> Output:
        if self._file is None:
            return Output()
        self._file.close()
        return Output(self._size, self._full, self._digest.hexdigest())
