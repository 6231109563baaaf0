"""Files below a root, and never anything else: for paths that come from outside or from a tree that others write to.

Symbolic links are followed while they stay below the root. Only regular files are opened, and none of the kernel's own
(`/proc`, `/sys`); a FIFO or a device is refused without waiting for it. How a path is resolved safely: `beneath.py`.
"""

import errno
import functools
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from todos import beneath

SKIPPED = frozenset(
    ".git .hg .svn .venv venv node_modules __pycache__ .mypy_cache .pytest_cache .ruff_cache .hypothesis .tox .nox "
    ".cache .eggs .idea".split()
)
SKIPPED_AT_TOP = frozenset({"var"})  # where the server keeps its own things when it is told nothing else
MAX_DEPTH = 64
MAX_VISITED = 200_000

# NONBLOCK: opening a FIFO must not wait for a writer. NOCTTY: opening a terminal must not make it ours.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class PathError(Exception):
    """A path that is not opened. `path` is what was asked for, as it was asked."""

    says = "cannot be opened"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path[:200]!r} {self.says}")
        self.path = path


class InvalidPathError(PathError):
    says = "is no path: empty, too long, or with a character that no name has"


class OutsideError(PathError):
    says = "leads out of the folder it must stay in"


class MissingError(PathError):
    says = "does not exist"


class NotAFolderError(PathError):
    says = "is not a folder, or not in one"


class NotAFileError(PathError):
    says = "is not a regular file"


class TooLargeError(PathError):
    says = "is too large"


class UnreadableError(PathError):
    says = "may not be read"


class RestlessError(PathError):
    says = "is moved about while it is opened"


_ERRORS: dict[int, type[PathError]] = {
    errno.EXDEV: OutsideError,
    errno.ELOOP: OutsideError,
    errno.ENOENT: MissingError,
    errno.ENOTDIR: NotAFolderError,
    errno.ENAMETOOLONG: InvalidPathError,
    errno.ENXIO: NotAFileError,  # a socket, or a device without its hardware
    errno.ENODEV: NotAFileError,
    errno.EACCES: UnreadableError,
    errno.EPERM: UnreadableError,
    errno.EAGAIN: RestlessError,
}


def open_below(root: Path, path: str, *, max_bytes: int) -> BinaryIO:
    """The regular file at `path`, relative to `root`, open for reading and unbuffered. Raises PathError.

    A file over `max_bytes` is refused; a file may grow, so whoever reads must stop there too.
    """
    handle = _open(root, path, _READ)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_dev in _kernel_devices():
            raise NotAFileError(path)
        if found.st_size > max_bytes:
            raise TooLargeError(path)
        return os.fdopen(handle, "rb", buffering=0)
    except BaseException:
        os.close(handle)
        raise


def read_below(root: Path, path: str, *, max_bytes: int) -> bytes:
    """The whole content of that file. Raises PathError."""
    parts: list[bytes] = []
    left = max_bytes + 1
    with open_below(root, path, max_bytes=max_bytes) as file:
        while left > 0 and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
    if left <= 0:
        raise TooLargeError(path)
    return b"".join(parts)


def check_folder(root: Path, path: str) -> None:
    """Raises PathError unless `path` is a folder below `root`, or `root` itself (`.`)."""
    os.close(_open(root, path, beneath.FOLDER))


def open_folder(root: Path, path: str) -> int:
    """A handle of the folder `path` below `root` (`.` is the root itself), to list it. Raises PathError."""
    return _open(root, path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a listing: its path relative to the root, with `/`, and its size in bytes."""

    path: str
    size: int


@dataclass(slots=True)
class Listing:
    """Files by name, folder by folder. `truncated`: there are more than were asked for."""

    files: list[File]
    truncated: bool = False


def list_below(root: Path, folder: str = ".", *, suffixes: Collection[str] = (), limit: int = 10_000) -> Listing:
    """The regular files below `folder`, without version control, virtual environments, caches and links.

    `suffixes` keeps those whose names end so. Raises PathError when the folder itself cannot be opened.
    """
    check_folder(root, folder)
    start = os.path.normpath(folder)
    folders = [("" if start == "." else f"{start}/", 0)]
    listing = Listing([])
    visited = 0
    while folders and not listing.truncated:
        prefix, depth = folders.pop()
        entries = _entries(root, prefix, depth)
        visited += len(entries)
        found = [File(prefix + entry.name, entry.size) for entry in entries if not entry.folder]
        listing.files += [file for file in found if file.path.endswith(tuple(suffixes) or ("",))]
        if depth < MAX_DEPTH:
            folders += [(f"{prefix}{entry.name}/", depth + 1) for entry in reversed(entries) if entry.folder]
        listing.truncated = len(listing.files) > limit or visited > MAX_VISITED
    del listing.files[limit:]
    return listing


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    folder: bool
    size: int


def _entries(root: Path, prefix: str, depth: int) -> list[_Entry]:
    """The files and folders in a folder, by name; none when it has gone, may not be read or is an environment."""
    try:
        handle = open_folder(root, prefix or ".")
    except PathError:
        return []
    skipped = SKIPPED if prefix else SKIPPED | SKIPPED_AT_TOP
    try:
        with os.scandir(handle) as entries:
            found = {entry.name: entry for entry in entries if entry.name not in skipped}
        if depth and "pyvenv.cfg" in found:
            return []
        return [entry for name in sorted(found) if (entry := _look(found[name]))]
    finally:
        os.close(handle)


def _look(entry: os.DirEntry[str]) -> _Entry | None:
    """None for links, devices and what has gone, and for names that are no text: nobody could ask for them again."""
    try:
        entry.name.encode()
        found = entry.stat(follow_symlinks=False)
    except (OSError, UnicodeEncodeError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return _Entry(entry.name, True, 0)
    return _Entry(entry.name, False, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _open(root: Path, path: str, flags: int) -> int:
    if not path or "\0" in path:
        raise InvalidPathError(path)
    try:
        top = os.open(root, beneath.FOLDER)
    except OSError as error:
        raise _ERRORS.get(error.errno or 0, PathError)(str(root)) from error
    try:
        return beneath.opener()(top, path, flags)
    except UnicodeEncodeError:
        raise InvalidPathError(path) from None
    except OSError as error:
        raise _ERRORS.get(error.errno or 0, PathError)(path) from error
    finally:
        os.close(top)


@functools.cache
def _kernel_devices() -> frozenset[int]:
    """Where the kernel tells about itself in files that look regular: another process's environment, for one."""
    return frozenset(os.stat(place).st_dev for place in ("/proc", "/sys") if os.path.ismount(place))  # noqa: PTH116
