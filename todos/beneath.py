"""Opening what is below an open directory, and nothing else, in two ways that mean the same.

`openat2` resolves the whole path inside the kernel. Where it is missing (before Linux 5.6, under some container
filters, on other systems) a walk opens one component after the other, each from the directory before it and without
following links, and looks up by itself where a link leads. Both follow links that stay below, both raise OSError with
EXDEV for what leads out, and neither can be fooled by a directory that is swapped for a link meanwhile.
"""

import ctypes
import errno
import functools
import os
import stat
import sys
from collections.abc import Callable

# (open directory, path relative to it, flags of open(2)) -> handle
Opener = Callable[[int, str, int], int]

FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_TRIES = 100  # a lookup is begun again while somebody moves directories under it
_MAX_LINKS = 40  # as in the kernel

_OPENAT2 = 437  # one number on every architecture
_NO_MAGICLINKS = 0x02
_BENEATH = 0x08


@functools.cache
def opener() -> Opener:
    """The kernel's own way where it works, else ours."""
    top = os.open("/", FOLDER)
    try:
        os.close(open_by_kernel(top, ".", FOLDER))
    except (OSError, AttributeError):
        return open_by_walking
    finally:
        os.close(top)
    return open_by_kernel


# ---- by the kernel ----


class _How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def open_by_kernel(top: int, path: str, flags: int) -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    how = _How(flags, 0, _BENEATH | _NO_MAGICLINKS)
    number, size = ctypes.c_long(_OPENAT2), ctypes.c_size_t(ctypes.sizeof(how))
    for _ in range(_TRIES):
        handle = _libc().syscall(number, ctypes.c_int(top), os.fsencode(path), ctypes.byref(how), size)
        if handle >= 0:
            return int(handle)
        if ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


# ---- step by step ----


def open_by_walking(top: int, path: str, flags: int) -> int:
    if path.endswith(("/", "/.")):
        flags |= os.O_DIRECTORY
    walk = _Walk(top, path)
    try:
        return walk.open(flags)
    finally:
        walk.close()


class _Walk:
    """A lookup under way: the open directories from the top to where it stands, and the names that are left."""

    def __init__(self, top: int, path: str) -> None:
        self._at = [os.dup(top)]
        self._names = _components(path)
        self._links = 0
        self._swaps = 0

    def close(self) -> None:
        for handle in self._at:
            os.close(handle)

    def open(self, flags: int) -> int:
        while self._names:
            name = self._names.pop()
            if name == "..":
                self._up()
            elif self._names:
                if (handle := self._enter(name, FOLDER)) is not None:
                    self._at.append(handle)
            elif (handle := self._enter(name, flags)) is not None:
                return handle
        return os.open(".", flags, dir_fd=self._at[-1])

    def _up(self) -> None:
        """Back to the directory this one was entered from, whatever its parent is called by now."""
        if len(self._at) == 1:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        os.close(self._at.pop())

    def _enter(self, name: str, flags: int) -> int | None:
        """The open component, or None after replacing it by what to look up in its place."""
        try:
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._at[-1])
        except OSError as error:
            # A link gives ELOOP, or ENOTDIR where a directory was asked for.
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            self._names += self._instead_of(name, error)
            return None

    def _instead_of(self, name: str, refusal: OSError) -> list[str]:
        try:
            target = os.readlink(name, dir_fd=self._at[-1])
        except OSError:
            found = os.stat(name, dir_fd=self._at[-1], follow_symlinks=False)
            self._swaps += 1
            if not stat.S_ISDIR(found.st_mode) or self._swaps > _TRIES:
                raise refusal from None
            return [name]  # it was a link, and has become a directory
        self._links += 1
        if self._links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return _components(target)


def _components(path: str) -> list[str]:
    """The names in a relative path, the last one first."""
    if path.startswith("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]
