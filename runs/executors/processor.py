"""How long work stood in line for a processor: time that it would not have taken alone."""

import os
import threading

_SCHEDULED = "/proc/thread-self/schedstat"  # nanoseconds on a processor, in line for one, and number of turns (Linux)


class _Line(threading.local):
    """The open file of each thread: to open it takes longer than to read it."""

    def __init__(self) -> None:
        try:
            self.file: int | None = os.open(_SCHEDULED, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.file = None

    def __del__(self) -> None:
        if self.file is not None:
            os.close(self.file)


_line = _Line()


def seconds_in_line() -> float:
    """What this thread has waited for processors so far; 0 where the system does not tell."""
    if _line.file is None:
        return 0.0
    return int(os.pread(_line.file, 64, 0).split()[1]) / 1e9
