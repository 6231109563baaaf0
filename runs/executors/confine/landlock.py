"""Landlock: which files a process and its children may touch, without privileges and without namespaces."""

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterable

from runs.executors.confine import kernel

# Version 6 (Linux 6.12) is the first that keeps signals and abstract sockets inside. What is older would let a command
# end the server, which is no sandbox.
NEEDED_VERSION = 6

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # one number on every architecture
_BELOW_PATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
READ = EXECUTE | READ_FILE | READ_DIR
ALL = (1 << 16) - 1  # of version 6
_DEVICES = 1 << 6 | 1 << 11  # to make character and block devices
WRITE = ALL & ~_DEVICES
# What may be allowed for a file that is no folder.
_FILE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Below(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """0 where there is none."""
    try:
        return kernel.syscall("landlock", _CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except (OSError, AttributeError):
        return 0


def restrict(
    readable: Iterable[str], writable: Iterable[str], devices: Iterable[str], *, network: bool = False
) -> None:
    """From here on, for this process and all it starts: these files, no TCP (but with `network`), no signals to others.

    Raises OSError.
    """
    wanted = _Ruleset(ALL, 0 if network else _TCP, _SCOPES)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    rules = kernel.syscall("landlock", _CREATE_RULESET, ctypes.byref(wanted), size, ctypes.c_uint32(0))
    for path in writable:
        _allow(rules, path, WRITE)
    for paths, allowed in ((readable, READ), (devices, READ_FILE | WRITE_FILE)):
        for path in paths:
            # What is not there, or out of the user's reach anyway, needs no rule.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                _allow(rules, path, allowed)
    kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)
    kernel.syscall("landlock", _RESTRICT_SELF, rules, ctypes.c_uint32(0))
    os.close(rules)


def _allow(rules: int, path: str, allowed: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            allowed &= _FILE
        below = _Below(allowed, place)
        kernel.syscall(f"landlock {path}", _ADD_RULE, rules, _BELOW_PATH, ctypes.byref(below), ctypes.c_uint32(0))
    finally:
        os.close(place)
