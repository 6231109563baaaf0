"""The calls to the kernel that Python's library does not have. All raise OSError."""

import ctypes
import functools
import os
from pathlib import Path

# unshare(2)
NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

# mount(2)
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

# mount_setattr(2)
RDONLY = 0x1
NOSUID = 0x2
NODEV = 0x4
IDMAP = 0x100000
_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE = 428  # these four have one number on every architecture
_MOVE_MOUNT = 429
_MOUNT_SETATTR = 442
_MOVE_FROM_HANDLE = 0x4

# prctl(2)
SET_PDEATHSIG = 1
SET_DUMPABLE = 4
SET_SECCOMP = 22
SET_CHILD_SUBREAPER = 36
SET_NO_NEW_PRIVS = 38

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


@functools.cache
def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(what: str, number: int, *arguments: object) -> int:
    return checked(libc().syscall(ctypes.c_long(number), *arguments), what)


def prctl(option: int, value: int) -> None:
    checked(libc().prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3), f"prctl {option}")


def set_filter(address: int) -> None:
    """Takes a `struct sock_fprog` at this address as this process's next filter."""
    filtering = ctypes.c_ulong(2)
    checked(libc().prctl(SET_SECCOMP, filtering, ctypes.c_void_p(address)), "seccomp")


def unshare(flags: int) -> None:
    checked(libc().unshare(flags), "unshare")


def map_users(process: int | str, uid_map: str, gid_map: str, *, may_set_groups: bool) -> None:
    """Says who is who in a user namespace: each map is "inside outside count"."""
    place = Path(f"/proc/{process}")
    if not may_set_groups:
        (place / "setgroups").write_text("deny")
    (place / "uid_map").write_text(uid_map)
    (place / "gid_map").write_text(gid_map)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    names = [None if name is None else os.fsencode(name) for name in (source, target, kind)]
    data = None if options is None else options.encode()
    checked(libc().mount(*names, ctypes.c_ulong(flags), data), f"mount {target}")


def unmount(target: str) -> None:
    checked(libc().umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    syscall("pivot_root", _PIVOT_ROOT[os.uname().machine], os.fsencode(new), os.fsencode(old))


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def set_mount(target: str, attributes: int, *, recursive: bool = True) -> None:
    """Gives a mount, and those below it, attributes such as RDONLY. Needs Linux 5.12."""
    _set_mount(_AT_FDCWD, target, attributes, _AT_RECURSIVE if recursive else 0, 0)


def bind_as(source: str, target: str, users: int) -> None:
    """Binds a folder so that owners appear as the user namespace `users` maps them: who is 0 on disk is its 0."""
    flags = os.O_CLOEXEC | 0x1 | _AT_RECURSIVE  # 0x1: a copy of the tree of mounts
    tree = syscall("open_tree", _OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)
    try:
        _set_mount(tree, "", IDMAP, _AT_EMPTY_PATH | _AT_RECURSIVE, users)
        syscall("move_mount", _MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_FROM_HANDLE)
    finally:
        os.close(tree)


def _set_mount(folder: int, path: str, attributes: int, flags: int, users: int) -> None:
    wanted = _MountAttributes(attributes, 0, 0, users)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    arguments = (folder, os.fsencode(path), flags, ctypes.byref(wanted), size)
    syscall(f"mount_setattr {path}", _MOUNT_SETATTR, *arguments)
