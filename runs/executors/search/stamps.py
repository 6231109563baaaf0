"""Whether a file or folder is as it was: size, both times of change, and number, as one text.

The clock of a file system ticks coarsely: two changes within a tick look like one. What changed just now has no stamp,
so it counts as changed again until it has come to rest.
"""

import os
import stat
import time

RESTLESS_SECONDS = 1.0
NONE = ""
TRYING, HOPELESS = "-", "!"  # before the stamp of a file that could not be taken in: with others, and by itself


def of(top: int, path: str, *, now: float | None = None) -> str:
    """The stamp of what is at `path` below the open folder `top`; NONE for what is not there, or no file or folder.

    With `now` (seconds since 1970) also for what changed within the last second.
    """
    try:
        found = os.stat(path or ".", dir_fd=top, follow_symlinks=False)
    except (OSError, ValueError):
        return NONE
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return NONE
    if now is not None and max(found.st_mtime, found.st_ctime) > now - RESTLESS_SECONDS:
        return NONE
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"


def now() -> float:
    return time.time()
