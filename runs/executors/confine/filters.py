"""System calls that a confined command may not make, as a seccomp filter.

Namespaces and Landlock say which files, processes and networks there are; this closes what they leave open: kinds of
sockets that know no namespace, further user namespaces, the kernel's keyrings, io_uring (which goes around filters),
and files that run as their owner. Calls are refused with an error; nothing is killed for trying.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runs.executors.confine import kernel

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # x86_64's second table of calls
_NUMBERS = """
    name x86_64 aarch64
    open 2 -
    creat 85 -
    openat 257 56
    openat2 437 437
    mknod 133 -
    mknodat 259 33
    chmod 90 -
    fchmod 91 52
    fchmodat 268 53
    fchmodat2 452 452
    socket 41 198
    clone 56 220
    clone3 435 435
    unshare 272 97
    setns 308 268
    keyctl 250 219
    add_key 248 217
    request_key 249 218
    bpf 321 280
    io_uring_setup 425 425
    perf_event_open 298 241
    userfaultfd 323 282
    prlimit64 302 261
    setpriority 141 140
    ioprio_set 251 30
    sched_setparam 142 118
    sched_setscheduler 144 119
    sched_setaffinity 203 122
    sched_setattr 314 274
    shmget 29 194
    shmat 30 196
    semget 64 190
    msgget 68 186
    mq_open 240 180
"""


class Rule(NamedTuple):
    """Refuses a call: always, or only when each of `bits` (argument, mask) has one of its bits set, or only when an
    argument is not `among` the values given."""

    name: str
    error: int = errno.EPERM
    bits: tuple[tuple[int, int], ...] = ()
    among: tuple[int, Sequence[int]] | None = None


_SET_ID = 0o6000
_CREATES = os.O_CREAT | (getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY)
_NEW_NAMESPACES = 0x7E020000

_ALWAYS = (
    # Where arguments lie in memory a filter cannot look: programs then fall back to the call it can look at.
    Rule("clone3", errno.ENOSYS),
    Rule("openat2", errno.ENOSYS),
    Rule("io_uring_setup", errno.ENOSYS),
    Rule("clone", bits=((0, _NEW_NAMESPACES),)),
    Rule("unshare"),
    Rule("setns"),
    Rule("keyctl", errno.ENOSYS),
    Rule("add_key", errno.ENOSYS),
    Rule("request_key", errno.ENOSYS),
    Rule("bpf"),
    Rule("perf_event_open"),
    Rule("userfaultfd"),
    # In a workspace of root's, what the command makes belongs to root on the disk.
    Rule("chmod", bits=((1, _SET_ID),)),
    Rule("fchmod", bits=((1, _SET_ID),)),
    Rule("fchmodat", bits=((2, _SET_ID),)),
    Rule("fchmodat2", bits=((2, _SET_ID),)),
    Rule("creat", bits=((1, _SET_ID),)),
    Rule("mknod", bits=((1, _SET_ID),)),
    Rule("mknodat", bits=((2, _SET_ID),)),
    Rule("open", bits=((1, _CREATES), (2, _SET_ID))),
    Rule("openat", bits=((2, _CREATES), (3, _SET_ID))),
)
# Without namespaces the server and its user's other programs are there: no touching them, no talking to them.
_AMONG_OTHERS = (
    *(Rule(name) for name in ("setpriority", "ioprio_set", "shmget", "shmat", "semget", "msgget", "mq_open")),
    *(
        Rule(name, among=(0, (0,)))
        for name in ("prlimit64", "sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr")
    ),
)


def rules(*, families: Sequence[int], among_others: bool) -> tuple[Rule, ...]:
    """`families`: the kinds of sockets it may have. `among_others`: it sees processes that are not its own."""
    return (*_ALWAYS, Rule("socket", among=(0, families)), *(_AMONG_OTHERS if among_others else ()))


def apply(wanted: Iterable[Rule]) -> None:
    """From here on, for this process and all it starts, for good. Raises OSError where there are no filters."""
    code = program(wanted, os.uname().machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)
    kernel.set_filter(ctypes.addressof(header))


# ---- the program: see the kernel's documentation of seccomp and of classic BPF ----

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16


def program(wanted: Iterable[Rule], machine: str) -> bytes:
    """The filter as code. Raises OSError for a machine whose numbers are not known."""
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter for {machine}")
    numbers = _numbers(machine)
    code = _step(_LOAD, _ARCHITECTURE)
    code += _step(_IF_EQUAL, _ARCHITECTURES[machine], then=1) + _step(_RETURN, _KILL)
    code += _step(_LOAD, _NUMBER)
    code += _step(_IF_AT_LEAST, _X32, otherwise=1) + _step(_RETURN, _ERRNO | errno.ENOSYS)
    for rule in wanted:
        if number := numbers.get(rule.name):
            body = _body(rule)
            code += _step(_IF_EQUAL, number, otherwise=len(body) // 8) + body
    return code + _step(_RETURN, _ALLOW)


def _body(rule: Rule) -> bytes:
    """What is done once the number fits; its last two steps are to refuse and to allow."""
    tests = [(arg, _IF_BITS, mask) for arg, mask in rule.bits]
    argument, values = rule.among or (0, ())
    size = 2 * len(tests) + (1 + len(values) if rule.among else 0)
    code = b""
    for arg, test, value in tests:
        code += _step(_LOAD, _ARGUMENTS + 8 * arg)
        code += _step(test, value, otherwise=size - len(code) // 8)
    if rule.among:
        code += _step(_LOAD, _ARGUMENTS + 8 * argument)
        for value in values:
            code += _step(_IF_EQUAL, value, then=size - len(code) // 8)
    return code + _step(_RETURN, _ERRNO | rule.error) + _step(_RETURN, _ALLOW)


def _step(what: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", what, then, otherwise, value)


def _numbers(machine: str) -> dict[str, int]:
    head, *rows = (line.split() for line in _NUMBERS.strip().splitlines())
    column = head.index(machine)
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
