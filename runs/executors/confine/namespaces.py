"""A world of its own for a command: other files, no network, no processes but its own.

The file system is put together anew from what the command may see, instead of hiding what it may not: the system's
programs and libraries (not to be written), the workspace, an empty `/tmp`. Everything else, homes above all, is simply
not there. Processes live in a PID namespace, so that all of them end with the first.
"""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import stat
import struct
from pathlib import Path
from typing import Any

from runs.executors.confine import kernel

TMP = "/tmp"  # noqa: S108 - in there it is the command's own
_OLD, _NEW = "/old", "/new"
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_SET_FLAGS, _UP = 0x8914, 1  # of a network interface
_KEEP_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV


def enter(user: int, group: int, *, network: bool = False) -> int | None:
    """Leaves the namespaces of the server; the next child is the first process of the new ones.

    `user` is who the command runs as. With `network` it stays in the server's. Run by root, this returns a handle for
    `build`: of a user namespace in which root is that user, so that root's workspace becomes the user's in there.
    """
    flags = kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWUTS | (0 if network else kernel.NEWNET)
    if os.geteuid() != 0:
        kernel.unshare(flags | kernel.NEWUSER)
        _map_self(user, group)
        return None
    users = _users_with_root_as(user, group)
    kernel.unshare(flags)
    return users


def become(user: int, group: int) -> None:
    """Run by root: stops being root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def count_apart(user: int, group: int) -> None:
    """Enters a user namespace that root's `enter` could not make yet: in it, processes are counted apart."""
    kernel.prctl(kernel.SET_DUMPABLE, 1)  # after a change of user, or the maps would still belong to root
    kernel.unshare(kernel.NEWUSER)
    _map_self(user, group)


def _map_self(user: int, group: int) -> None:
    kernel.map_users("self", f"{user} {user} 1", f"{group} {group} 1", may_set_groups=False)


def _users_with_root_as(user: int, group: int) -> int:
    """A handle of a user namespace, held by nobody else: a child enters it and ends."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kernel.unshare(kernel.NEWUSER)
            os.write(told, b"!")
            signal.pause()
        finally:
            os._exit(1)
    os.close(told)
    try:
        if not os.read(ready, 1):
            raise OSError(errno.EPERM, "no user namespace")
        kernel.map_users(child, f"0 {user} 1", f"0 {group} 1", may_set_groups=True)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def loopback() -> None:
    """Has the new network talk to itself, as tests of servers want; there is nobody else in it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


# ---- files ----


def build(order: dict[str, Any], users: int | None) -> None:
    """Makes the new tree the only one there is. Called by the first process in there. Raises OSError.

    Of the order: `system` (paths to show), `readable` (the same, whoever they belong to), `workspace`, `frozen`
    (paths in it that may be read only), `hidden` (paths that are shown empty), `tmp_bytes`.
    """
    _start(order["tmp_bytes"])
    for path in order["system"]:
        _show(path)
    _devices()
    _temporary(order["tmp_bytes"])
    for path in order["readable"]:
        _show(path, users)
    _bind(order["workspace"], users)
    kernel.set_mount(_NEW + order["workspace"], kernel.NOSUID | kernel.NODEV)
    for path in (*order["frozen"], *order["hidden"]):
        _pin(path, order["workspace"])
    for path in order["frozen"]:
        _show(path, users)
    for path in order["hidden"]:
        _hide(path)
    _finish()


def _start(size: int) -> None:
    """An empty tree at `_NEW`, and what was there before at `_OLD`."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", TMP, "tmpfs", _KEEP_QUIET, "mode=0755,size=1m")
    Path(TMP + _OLD).mkdir()
    kernel.pivot_root(TMP, TMP + _OLD)
    os.chdir("/")
    Path(_NEW).mkdir()
    kernel.mount("tmpfs", _NEW, "tmpfs", _KEEP_QUIET, "mode=0755,size=1m")
    Path(_NEW + "/proc").mkdir()
    kernel.mount("proc", _NEW + "/proc", "proc", _KEEP_QUIET | kernel.MS_NOEXEC)


def _finish() -> None:
    kernel.set_mount(_NEW, kernel.RDONLY, recursive=False)
    os.chdir(_NEW)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")  # the old tree, which lies upon the new one now
    os.chdir("/")


def _show(path: str, users: int | None = None) -> None:
    """A path as it is, to be read only; nothing where there is nothing."""
    try:
        found = os.lstat(_OLD + path)
    except OSError:
        return
    if stat.S_ISLNK(found.st_mode):
        _parent(path)
        with contextlib.suppress(FileExistsError):
            Path(_NEW + path).symlink_to(Path(_OLD + path).readlink())
        return
    _bind(path, users)
    kernel.set_mount(_NEW + path, kernel.RDONLY | kernel.NOSUID | kernel.NODEV)


def _bind(path: str, users: int | None = None) -> None:
    old, new = _OLD + path, _NEW + path
    _parent(path)
    with contextlib.suppress(FileExistsError):
        Path(new).mkdir() if Path(old).is_dir() else Path(new).touch(exist_ok=False)
    if users is not None:
        try:
            kernel.bind_as(old, new, users)
        except OSError as error:
            # A file system that cannot do that: then rights are as they are on the disk.
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
        else:
            return
    kernel.mount(old, new, None, kernel.MS_BIND | kernel.MS_REC)


def _parent(path: str) -> None:
    Path(_NEW + path).parent.mkdir(parents=True, exist_ok=True)


def _devices() -> None:
    for name in _DEVICES:
        _bind(f"/dev/{name}")
    for name, target in _LINKS.items():
        Path(f"{_NEW}/dev/{name}").symlink_to(target)


def _temporary(size: int) -> None:
    for place in (TMP, "/dev/shm"):  # noqa: S108
        Path(_NEW + place).mkdir()
        kernel.mount("tmpfs", _NEW + place, "tmpfs", _KEEP_QUIET, f"mode=1777,size={size}")
    Path(_NEW + "/var").mkdir(exist_ok=True)
    Path(_NEW + "/var/tmp").symlink_to(TMP)  # noqa: S108


def _pin(path: str, workspace: str) -> None:
    """Makes the folders from the workspace down to a path mounts, which nobody can rename: the path would come to mean
    something else, and what it means now be found elsewhere by the next command."""
    for folder in reversed(Path(path).parents):
        new = Path(_NEW + str(folder))
        if folder.is_relative_to(workspace) and str(folder) != workspace and new.is_dir() and not new.is_mount():
            kernel.mount(str(new), str(new), None, kernel.MS_BIND | kernel.MS_REC)


def _hide(path: str) -> None:
    new = Path(_NEW + path)
    if new.is_dir():
        kernel.mount("tmpfs", str(new), "tmpfs", _KEEP_QUIET, "mode=0555,size=4k")
        kernel.set_mount(str(new), kernel.RDONLY)
    elif new.exists():
        kernel.mount(_OLD + "/dev/null", str(new), None, kernel.MS_BIND)
