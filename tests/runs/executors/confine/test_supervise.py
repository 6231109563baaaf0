"""Watching over processes: who is below, and what they use."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runs.executors.child import ROOT
from runs.executors.confine import supervise


@pytest.fixture
def tree() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child and a grandchild."""
    script = "sh -c 'sleep 100 & echo; wait' & wait"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        os.killpg(process.pid, 9)


def test_children_of_children_are_found(tree: subprocess.Popen[bytes]) -> None:
    found = supervise.descendants()
    assert tree.pid in found
    assert len(found) >= 3
    assert os.getpid() not in found


def test_a_name_full_of_brackets_hides_no_process() -> None:
    script = "import ctypes; ctypes.CDLL(None).prctl(15, b') R 1 (x) ', 0, 0, 0); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.pid in supervise.descendants()
        process.communicate(b"\n")


def test_memory_is_what_processes_hold_themselves() -> None:
    script = "held = bytearray(50 * 2**20); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 50 * 2**20 < supervise.memory([process.pid]) < 90 * 2**20
        assert supervise.memory([2**30]) == 0
        process.communicate(b"\n")


def test_the_threads_of_a_user_are_counted(tree: subprocess.Popen[bytes]) -> None:
    assert supervise.threads_of(os.getuid()) >= 3
    assert supervise.threads_of(2**30) == 0


WATCHED = """
import os, socket, sys
from runs.executors.confine import kernel, supervise
control = socket.socket(fileno=int(sys.argv[1]))
kernel.prctl(kernel.SET_CHILD_SUBREAPER, 1)
command = os.fork()
if command == 0:
    os.execv("/bin/sh", ["/bin/sh", "-c", sys.argv[2]])
memory = int(sys.argv[3]) or None
status = supervise.watch(command, control, memory)
supervise.kill_all()
print(status, supervise.descendants())
"""


def watched(command: str, *, hang_up: bool = False, memory: int = 0) -> str:
    """What the watcher says in the end: how it came to it, and who is left."""
    ours, theirs = socket.socketpair()
    arguments = [sys.executable, "-c", WATCHED, str(theirs.fileno()), command, str(memory)]
    with ours, subprocess.Popen(arguments, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()], cwd=ROOT) as process:
        theirs.close()
        if hang_up:
            ours.close()
        out, _ = process.communicate()
    return out.decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("exit 3", "{'exit': 3}"),
        ("kill -9 $$", "{'signal': 9}"),
        ("sleep 100 & sleep 100 & exit 0", "{'exit': 0}"),
        ("for i in 1 2 3 4 5 6 7 8 9; do (sleep 0.01 &) ; done; setsid sleep 100 & exit 1", "{'exit': 1}"),
    ],
)
def test_the_end_of_the_command_is_the_end_of_all(command: str, status: str) -> None:
    assert watched(command) == f"{status} []"


def test_a_server_that_is_gone_ends_all() -> None:
    assert watched("trap '' TERM HUP; setsid sleep 100 & sleep 100", hang_up=True) == "{'ended': True} []"


def test_too_much_memory_ends_all() -> None:
    assert watched("sleep 100", memory=1) == "{'over': 'memory'} []"
