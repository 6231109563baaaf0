"""What the filter of system calls decides, by carrying out its program as the kernel does; for every machine."""

import errno
import os
import struct

import pytest

from runs.executors.confine import filters

X86, ARM = "x86_64", "aarch64"
MACHINES = {X86: 0xC000003E, ARM: 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
ALONE = filters.rules(families=(filters.AF_UNIX, filters.AF_INET), among_others=False)
AMONG_OTHERS = filters.rules(families=(), among_others=True)


def decide(code: bytes, number: int, *arguments: int, architecture: int) -> int:
    """What the program says to a call. Every step but the last ones of a branch must lead onwards."""
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", code))
    at = value = 0
    while True:
        what, then, otherwise, operand = steps[at]
        at += 1
        match what:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += then if value == operand else otherwise
            case 0x35:
                at += then if value >= operand else otherwise
            case 0x45:
                at += then if value & operand else otherwise
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"step {what:#x}")


def refused(error: int) -> int:
    return 0x00050000 | error


def said(machine: str, name: str, *arguments: int, rules: tuple[filters.Rule, ...] = ALONE) -> int:
    number = filters._numbers(machine)[name]
    return decide(filters.program(rules, machine), number, *arguments, architecture=MACHINES[machine])


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("socket", (filters.AF_UNIX,), ALLOW),
        ("socket", (filters.AF_INET,), ALLOW),
        ("socket", (40,), refused(errno.EPERM)),
        ("socket", (17,), refused(errno.EPERM)),
        ("clone", (17,), ALLOW),
        ("clone", (0x3D0F00,), ALLOW),  # a thread
        ("clone", (0x10000000 | 17,), refused(errno.EPERM)),
        ("clone", (0x00020000,), refused(errno.EPERM)),
        ("clone3", (0, 0), refused(errno.ENOSYS)),
        ("unshare", (0,), refused(errno.EPERM)),
        ("setns", (3,), refused(errno.EPERM)),
        ("io_uring_setup", (8,), refused(errno.ENOSYS)),
        ("keyctl", (0,), refused(errno.ENOSYS)),
        ("fchmod", (3, 0o755), ALLOW),
        ("fchmod", (3, 0o4755), refused(errno.EPERM)),
        ("fchmodat", (0, 0, 0o2755), refused(errno.EPERM)),
        ("fchmodat2", (0, 0, 0o6755), refused(errno.EPERM)),
        ("openat", (0, 0, os.O_RDONLY, 0o4755), ALLOW),  # the mode means nothing then
        ("openat", (0, 0, os.O_CREAT, 0o644), ALLOW),
        ("openat", (0, 0, os.O_CREAT | os.O_WRONLY, 0o4755), refused(errno.EPERM)),
        ("openat", (0, 0, os.O_TMPFILE | os.O_RDWR, 0o2755), refused(errno.EPERM)),
        ("openat", (0, 0, os.O_DIRECTORY, 0o4755), ALLOW),
        ("openat2", (0,), refused(errno.ENOSYS)),
        ("mknodat", (0, 0, 0o104755), refused(errno.EPERM)),
        ("prlimit64", (77,), ALLOW),  # in a PID namespace there is nobody else
    ],
)
def test_a_call_is_allowed_or_refused(machine: str, name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert said(machine, name, *arguments) == answer


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("open", (0, os.O_CREAT, 0o4755), refused(errno.EPERM)),
        ("open", (0, os.O_CREAT, 0o755), ALLOW),
        ("open", (0, os.O_RDONLY, 0o4755), ALLOW),
        ("creat", (0, 0o4755), refused(errno.EPERM)),
        ("chmod", (0, 0o4755), refused(errno.EPERM)),
        ("mknod", (0, 0o104755), refused(errno.EPERM)),
    ],
)
def test_the_old_calls_of_one_machine_are_known(name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert said(X86, name, *arguments) == answer
    assert name not in filters._numbers(ARM)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("socket", (filters.AF_UNIX,), refused(errno.EPERM)),
        ("socket", (filters.AF_INET,), refused(errno.EPERM)),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (77,), refused(errno.EPERM)),
        ("sched_setaffinity", (77,), refused(errno.EPERM)),
        ("setpriority", (0, 0), refused(errno.EPERM)),
        ("shmget", (1,), refused(errno.EPERM)),
        ("mq_open", (1,), refused(errno.EPERM)),
    ],
)
def test_among_others_more_is_refused(machine: str, name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert said(machine, name, *arguments, rules=AMONG_OTHERS) == answer


@pytest.mark.parametrize("machine", MACHINES)
def test_all_other_calls_are_allowed(machine: str) -> None:
    code = filters.program(AMONG_OTHERS, machine)
    known = set(filters._numbers(machine).values())
    for number in set(range(600)) - known:
        assert decide(code, number, 2**64 - 1, 2**64 - 1, architecture=MACHINES[machine]) == ALLOW


def test_other_tables_of_calls_are_closed() -> None:
    """A 32-bit program has other numbers, and x32 the same ones with a bit: a way around every rule."""
    code = filters.program(ALONE, X86)
    assert decide(code, 41, 2, architecture=0x40000003) == KILL
    assert decide(code, 0x40000000 | 41, 40, architecture=MACHINES[X86]) == refused(errno.ENOSYS)
    assert decide(code, -1, architecture=MACHINES[X86]) == refused(errno.ENOSYS)


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(OSError, match="no filter for riscv64"):
        filters.program(ALONE, "riscv64")
