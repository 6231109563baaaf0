"""`read`: the content of one file of the workspace.

`{"name": "read", "path": "src/app.py"}` gives `{"path", "bytes", "lines", "sha256", "text", "binary", "truncated"}`.
The text of a file that is not UTF-8 text is null; a text that is too long for a result is cut. It needs no child
process: nothing here can hang or take long.
"""

import codecs
import hashlib
from typing import BinaryIO

from django.conf import settings

from runs.executors.base import Failed, Job, Outcome
from runs.executors.results import fitting
from todos import paths

_CHUNK = 1024 * 1024
_AROUND = 1024  # bytes of a result that are not its text, but for the path


def run(job: Job) -> Outcome:
    path = job.spec.get("path")
    if not isinstance(path, str):
        raise Failed("read needs a path", retryable=False)
    try:
        with paths.open_below(job.workspace, path, max_bytes=settings.READ_MAX_BYTES) as file:
            return Outcome({"path": path} | _content(job, file, settings.RESULT_MAX_BYTES - _AROUND - 6 * len(path)))
    except paths.PathError as error:
        raise Failed(str(error), retryable=isinstance(error, paths.RestlessError)) from error


def _content(job: Job, file: BinaryIO, room: int) -> dict[str, object]:
    """What there is to say of the file's content, in `room` bytes of JSON."""
    digest = hashlib.sha256()
    head = bytearray()
    size = lines = 0
    last = b"\n"
    while chunk := file.read(_CHUNK):
        job.check()
        digest.update(chunk)
        head += chunk[: max(0, room - len(head))]
        lines += chunk.count(b"\n")
        size += len(chunk)
        last = chunk[-1:]
        if size > settings.READ_MAX_BYTES:
            raise Failed("the file grew too large while it was read")
    text = _text(bytes(head), whole=len(head) == size)
    kept = None if text is None else fitting(text, room)
    return {
        "bytes": size,
        "lines": lines + (last != b"\n"),
        "sha256": digest.hexdigest(),
        "text": kept,
        "binary": text is None,
        "truncated": kept is not None and (len(head) < size or kept != text),
    }


def _text(head: bytes, *, whole: bool) -> str | None:
    """The text, without a character that was cut in two, or None when it is no text."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
