"""Whether commands may be run on this server, and how they are confined.

`ABREAST_SHELL=sandbox`, the default, needs a way to confine them that works here. `preflight` tries the ways by running
a command that attempts what it must not be able to; where none holds, commands are off and the reason is shown. There
is no way around that but `ABREAST_SHELL=trusted`: commands then run as the server's own user, with all rights of it.
"""

import contextlib
import ipaddress
import os
import re
import socket
import sys
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings

from runs.executors import commands
from runs.executors.base import Failed, Job, Stopped
from runs.executors.child import environment

SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")
# Programs and libraries, and what they cannot do without. Nobody's home, nothing that runs, nothing mounted by hand.
SYSTEM = "/bin /sbin /usr /lib /lib32 /lib64 /libx32 /etc /opt /nix/store /gnu/store /run/current-system".split()
CODE = ("dashboard", "runs", "todos", "templates", "static", "manage.py")
# What the launcher can do, the best first.
WAYS = {"namespaces": "namespaces of their own", "landlock": "Landlock"}
NOBODY = 65534
MIB = 2**20


class Mode(StrEnum):
    """What `ABREAST_SHELL` may be, and what it comes to."""

    SANDBOX = "sandbox"
    TRUSTED = "trusted"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Preflight:
    """The way that works, or None; and in words what it is, or why there is none."""

    way: str | None
    reason: str


def mode(workspace: Path | None = None) -> tuple[Mode, str]:
    """How commands are run in a workspace (the server's own by default), and why so. Quick but for the first time."""
    if settings.SHELL == Mode.OFF:
        return Mode.OFF, "commands are switched off (ABREAST_SHELL=off)"
    if sys.platform != "linux":
        return Mode.OFF, "commands can be run on Linux only"
    if settings.SHELL == Mode.TRUSTED:
        if not _is_loopback(settings.BIND_HOST):
            return Mode.OFF, "ABREAST_SHELL=trusted is refused on an address that others can reach"
        return Mode.TRUSTED, "commands run as the server's own user, without a sandbox (ABREAST_SHELL=trusted)"
    found = preflight(workspace or settings.WORKSPACE)
    return (Mode.SANDBOX if found.way else Mode.OFF), found.reason


def order(mode: Mode, workspace: Path) -> dict[str, Any]:
    """An order for the launcher, but for what is to be run."""
    if mode is Mode.TRUSTED:
        return _order("none", workspace) | {"limits": {}, "memory_bytes": None, "environment": environment()}
    way = preflight(workspace).way
    assert way is not None
    return _order(way, workspace)


def shell() -> str:
    """The one shell that commands are written for: bash, else sh."""
    return next((path for path in SHELLS if os.access(path, os.X_OK)), SHELLS[-1])


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# ---- what a confined command may do ----


def _order(way: str, workspace: Path) -> dict[str, Any]:
    user, group = _who(workspace)
    return {
        "way": way,
        "user": user,
        "group": group,
        "workspace": str(workspace),
        "system": SYSTEM,
        "readable": [str(path) for path in _readable(workspace)],
        "frozen": [str(path) for path in _own_code() if path.is_relative_to(workspace)],
        "hidden": [str(path) for path in _secrets() if not workspace.is_relative_to(path)],
        "tmp_bytes": settings.SHELL_FILE_MAX_BYTES,
        "memory_bytes": settings.SHELL_TOTAL_MEMORY_BYTES,
        "limits": {
            "RLIMIT_DATA": [settings.SHELL_MEMORY_BYTES] * 2,
            "RLIMIT_NPROC": [settings.SHELL_MAX_PROCESSES] * 2,
            "RLIMIT_CPU": [settings.SHELL_CPU_SECONDS, settings.SHELL_CPU_SECONDS + 1],  # told first, then killed
            "RLIMIT_FSIZE": [settings.SHELL_FILE_MAX_BYTES] * 2,
            "RLIMIT_CORE": [0, 0],
        },
        "environment": {name: value for name, value in environment().items() if name not in ("HOME", "TMPDIR")},
        "inputs": None,
        "files": {},
        "network": False,
    }


def _who(workspace: Path) -> tuple[int, int]:
    """As whom commands run: the server's user; in place of root whoever owns the workspace, or nobody."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    owner = workspace.stat()
    return owner.st_uid or NOBODY, owner.st_gid or NOBODY


def _readable(workspace: Path) -> list[Path]:
    """Python, which may have been installed in a home, and what the settings add."""
    wanted = [Path(sys.base_prefix), Path(sys.prefix), *map(Path, settings.SHELL_READABLE)]
    shown = [Path(path) for path in SYSTEM] + [workspace]
    return [path.resolve() for path in wanted if not any(path.resolve().is_relative_to(place) for place in shown)]


def _own_code() -> list[Path]:
    """What the server is made of. A command that could write to it would run in the server at its next start."""
    return [settings.BASE_DIR / name for name in CODE] + [Path(sys.prefix).resolve()]


def _secrets() -> list[Path]:
    """The home folder with database, key and outputs, and the same where settings put them elsewhere."""
    found = [Path(settings.HOME)]
    database = settings.DATABASES["default"]
    if "sqlite" in str(database["ENGINE"]):
        found += [Path(f"{database['NAME']}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
    found += [Path(os.environ[name]).resolve() for name in os.environ if re.fullmatch(r"ABREAST_\w+_FILE", name)]
    return [path for path in found if not path.is_relative_to(found[0]) or path == found[0]]


# ---- the preflight ----

# Prints what it could do and should not; else whether it may write to the workspace.
_PROBE = """
[ "$(id -u)" -ne 0 ] || { echo 'it is still root'; exit 1; }
[ -z "$(ls -A -- "$1" 2>/dev/null)" ] || { echo 'it can read the home folder of the server'; exit 1; }
( : > "$1/probe" ) 2>/dev/null && { echo 'it can write to the home folder of the server'; exit 1; }
( : >> "$2" ) 2>/dev/null && { echo 'it can write to the code of the server'; exit 1; }
[ -z "$BASH_VERSION" ] || ! ( exec 3<>"/dev/tcp/127.0.0.1/$3" ) 2>/dev/null || { echo 'it can reach us'; exit 1; }
[ -w . ] && echo 'may be written' || echo 'may not be written'
"""

_lock = threading.Lock()
_found: dict[tuple[Path, ...], Preflight] = {}


def preflight(workspace: Path) -> Preflight:
    """Which way of confining commands works here. Tried once for a workspace; takes some tenths of a second."""
    key = (workspace, Path(settings.HOME), settings.BASE_DIR)
    with _lock:
        if key not in _found:
            _found[key] = _try_ways(workspace)
        return _found[key]


def forget() -> None:
    """Has the next preflight try again."""
    with _lock:
        _found.clear()


def _try_ways(workspace: Path) -> Preflight:
    if problem := _problem_of(workspace):
        return Preflight(None, f"commands are off: {problem}")
    reasons = []
    for way, name in WAYS.items():
        problem, said = _problem_with(way, workspace)
        if problem is None:
            user, _ = _who(workspace)
            return Preflight(way, f"commands are confined by {name}, as user {user}; the workspace {said}")
        reasons.append(f"{name}: {problem}")
    return Preflight(None, f"commands are off, for nothing here confines them ({'; '.join(reasons)})")


def _problem_of(workspace: Path) -> str | None:
    if not workspace.is_dir():
        return f"the workspace {workspace} is no folder"
    if any(Path(path).is_relative_to(workspace) for path in SYSTEM):
        return f"the workspace {workspace} has the system in it"
    if workspace.is_relative_to(settings.HOME):
        return "the workspace lies in the home folder of the server"
    return None


def _problem_with(way: str, workspace: Path) -> tuple[str | None, str]:
    """What is wrong with this way, or None; and what the probe said at last."""
    wanted = _order(way, workspace)
    if way == "landlock" and (inside := _exposed(wanted)):
        return f"it cannot keep {inside} apart from the workspace around it", ""
    canary = Path(settings.HOME) / "probe"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        code = str(settings.BASE_DIR / "manage.py")
        arguments = [shell(), "-c", _PROBE, "probe", str(settings.HOME), code, port]
        job = Job({}, workspace=workspace, timeout_seconds=20)
        try:
            ended = commands.carry_out(job, wanted | {"command": arguments, "cwd": str(workspace)})
        except (Failed, Stopped) as error:
            return str(error), ""
        finally:
            with contextlib.suppress(OSError):
                canary.unlink()
    said = ended.tail.decode("utf-8", "replace").strip()
    return (None if ended.exit == 0 else said or f"the probe ended with {ended.exit or ended.signal}"), said


def _exposed(wanted: dict[str, Any]) -> str | None:
    """A path in the workspace that must be kept from the command, and that the rights of its user do not keep."""
    workspace, user = Path(wanted["workspace"]), wanted["user"]
    for paths, others in ((wanted["hidden"], 0o077), (wanted["frozen"], 0o022)):
        for path in map(Path, paths):
            if path.is_relative_to(workspace) and path.exists():
                # Who may write to a folder above it may move it away, and put something else in its place.
                above = [place for place in path.parents if place.is_relative_to(workspace)]
                if _may(user, path, others) or any(_may(user, place, 0o022) for place in above):
                    return str(path)
    return None


def _may(user: int, path: Path, others: int) -> bool:
    found = path.stat()
    return found.st_uid == user or bool(found.st_mode & others)
