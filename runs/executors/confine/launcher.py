"""The program that starts a command confined, and ends it. See the package for how it fits together.

Its order comes over a socket (`commands.py` writes it): `way` (`namespaces`, `landlock` or `none`), `command` (a list),
`cwd`, `environment`, `inputs` (text for a file, or null), `files` (more such texts, by the variables that name the
files), `network` (whether it has the server's), `scratch` (a folder for its temporary things; in namespaces
it gets one of their own), `user` and `group` to run as, `limits`, `memory_bytes` for all its processes together, and
what `namespaces.build` asks for. It answers once, with how the command ended (`supervise.watch`) or with an `error`
when it could not be confined: then it has not been started.
"""

import contextlib
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from runs.executors import frames
from runs.executors.confine import filters, kernel, landlock, namespaces, supervise

Order = dict[str, Any]
Answer = dict[str, Any]

NICE = 10
_OWN_NETWORK = (filters.AF_UNIX, filters.AF_INET, filters.AF_INET6, filters.AF_NETLINK)


def main(arguments: list[str]) -> None:
    """`arguments`: the handle of the socket."""
    control = socket.socket(fileno=int(arguments[0]))
    order = frames.receive(control)
    if order is None:
        return
    way = {"namespaces": _in_namespaces, "landlock": _by_landlock, "none": _unconfined}[order["way"]]
    try:
        answer = way(order, control)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    with contextlib.suppress(OSError):
        frames.send(control, answer)
    os._exit(0)


# ---- three ways ----


def _in_namespaces(order: Order, control: socket.socket) -> Answer:
    users = namespaces.enter(order["user"], order["group"], network=order["network"])
    first = os.fork()
    if first == 0:
        _first_process(order, control, users)
    _, status = os.waitpid(first, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        os._exit(0)  # it has answered
    return {"error": f"the first process of the sandbox ended early ({code})"}


def _first_process(order: Order, control: socket.socket, users: int | None) -> NoReturn:
    """What the command's processes are the children of; the kernel ends them all with this one."""
    try:
        if not order["network"]:
            namespaces.loopback()
        namespaces.build(order, users)
        if os.geteuid() == 0:
            namespaces.become(order["user"], order["group"])
            namespaces.count_apart(order["user"], order["group"])
        kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.SET_DUMPABLE, 0)  # not for the command to look into
        order["scratch"] = f"{namespaces.TMP}/{os.urandom(8).hex()}"
        Path(order["scratch"]).mkdir(mode=0o700)
        inside = filters.rules(families=_families(order, _OWN_NETWORK), among_others=False)
        answer = _carry_out(order, control, lambda: filters.apply(inside))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    with contextlib.suppress(OSError):
        frames.send(control, answer)
    os._exit(0)


def _by_landlock(order: Order, control: socket.socket) -> Answer:
    if landlock.version() < landlock.NEEDED_VERSION:
        raise OSError(f"Landlock has version {landlock.version()} here, {landlock.NEEDED_VERSION} is needed")

    def confine() -> None:
        namespaces.become(order["user"], order["group"])
        readable = [*order["system"], *order["readable"], "/proc", "/dev/fd"]
        writable = [order["workspace"], order["scratch"]]
        landlock.restrict(readable, writable, ["/dev/null", "/dev/zero", "/dev/urandom"], network=order["network"])
        filters.apply(filters.rules(families=_families(order, ()), among_others=True))

    others = supervise.threads_of(order["user"])
    order["limits"]["RLIMIT_NPROC"] = [number + others for number in order["limits"]["RLIMIT_NPROC"]]
    return _among_others(order, control, confine)


def _unconfined(order: Order, control: socket.socket) -> Answer:
    return _among_others(order, control, lambda: None)


def _among_others(order: Order, control: socket.socket, confine: Callable[[], None]) -> Answer:
    """Without a PID namespace: orphans fall to this process, which ends them one by one."""
    kernel.prctl(kernel.SET_CHILD_SUBREAPER, 1)
    try:
        return _carry_out(order, control, confine)
    finally:
        supervise.kill_all()


# ---- what they have in common ----


def _families(order: Order, alone: tuple[int, ...]) -> tuple[int, ...]:
    """Kinds of sockets. In the server's network there are Unix sockets of others, known by a name that is no file."""
    return (filters.AF_INET, filters.AF_INET6, filters.AF_NETLINK) if order["network"] else alone


def _carry_out(order: Order, control: socket.socket, confine: Callable[[], None]) -> Answer:
    """Starts the command and watches over it."""
    scratch = order["scratch"]
    environment = {"HOME": scratch, "TMPDIR": scratch} | order["environment"]
    if order["inputs"] is not None:
        environment["ABREAST_INPUTS"] = f"{scratch}/inputs.json"
        Path(environment["ABREAST_INPUTS"]).write_text(order["inputs"])
    for name, text in order["files"].items():
        environment[name] = f"{scratch}/{name.lower()}"
        Path(environment[name]).write_text(text)
    failed, tell = os.pipe()
    command = os.fork()
    if command == 0:
        _become(order, environment, confine, tell)
    os.close(tell)
    with os.fdopen(failed, "rb") as said:
        # Empty as soon as the command has taken over, for it does not inherit the other end.
        if error := said.read(10_000):
            raise OSError(error.decode("utf-8", "replace"))
    return supervise.watch(command, control, order["memory_bytes"])


def _become(order: Order, environment: dict[str, str], confine: Callable[[], None], tell: int) -> NoReturn:
    """In the child: turns into the command. Everything that confines it is done before, or it does not start."""
    try:
        os.setsid()
        _give_way()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.closerange(3, tell)
        os.closerange(tell + 1, os.sysconf("SC_OPEN_MAX"))
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
            signal.signal(number, signal.SIG_DFL)
        os.umask(0o022)
        for name, wanted in order["limits"].items():
            _limit(getattr(resource, name), *wanted)
        confine()
        os.chdir(order["cwd"])
        kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
        os.execve(order["command"][0], order["command"], environment)  # noqa: S606 - what all of this is for
    except BaseException as error:
        os.write(tell, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    os._exit(1)


def _limit(kind: int, soft: int, hard: int) -> None:
    """Sets a limit, or leaves a stricter one that is there already."""
    most = resource.getrlimit(kind)[1]
    if most == resource.RLIM_INFINITY:
        most = hard
    resource.setrlimit(kind, (min(soft, most), min(hard, most)))


def _give_way() -> None:
    """Lets the server and everybody else go first: it must answer however many processes a command has running.

    Linux shares time among sessions first, so it is the session's share that counts; nice alone changes nothing in it.
    """
    os.nice(NICE)
    kernel.prctl(kernel.SET_DUMPABLE, 1)  # or its own entries in /proc are not its own
    with contextlib.suppress(OSError):  # not every kernel has it, nor lets many users at once
        Path("/proc/self/autogroup").write_text(str(NICE))
