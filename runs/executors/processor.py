"""How long work stood in line for a processor: time that it would not have taken alone."""

import os
import threading
from contextlib import suppress

_SCHEDULED = "/proc/thread-self/schedstat"  # nanoseconds on a processor, in line for one, and number of turns (Linux)


class _Line:
    """The open file of one thread: to open it takes longer than to read it. It closes with its thread."""

    def __init__(self) -> None:
        self.file: int | None = None
        with suppress(OSError):
            self.file = os.open(_SCHEDULED, os.O_RDONLY | os.O_CLOEXEC)

    def seconds(self) -> float:
        return 0.0 if self.file is None else int(os.pread(self.file, 64, 0).split()[1]) / 1e9

    def __del__(self) -> None:
        if self.file is not None:
            os.close(self.file)


_mine = threading.local()
os.register_at_fork(after_in_child=lambda: _mine.__dict__.clear())  # what was open tells of the parent


def seconds_in_line() -> float:
    """What this thread has waited for processors so far; 0 where the system does not tell."""
    if not hasattr(_mine, "line"):
        _mine.line = _Line()
    line: _Line = _mine.line
    return line.seconds()
