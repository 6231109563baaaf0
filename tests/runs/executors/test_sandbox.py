"""Whether commands may run here, and what confined ones try in vain. Each attempt prints ESCAPED when it succeeds."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.executors import sandbox
from tests.runs.executors.conftest import attempt

SECRET = "the-secret-of-the-server"


@pytest.fixture
def listening() -> Iterator[int]:
    """A server on this machine, and its port. Nobody may connect to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture
def abstract() -> Iterator[str]:
    """A socket without a file. Nobody may connect to it."""
    name = f"abreast-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        server.settimeout(0)
        yield name
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that anybody may write to, with a secret that anybody may read, outside of the workspace; beside it a
    socket to which nobody may connect."""
    folder = tmp_path_factory.mktemp("around") / "outside"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o666)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder.parent / "named.sock"))
        (folder.parent / "named.sock").chmod(0o666)
        server.listen()
        yield folder


PYTHON = f"$(command -v {sys.executable} {Path(sys.base_prefix, 'bin', 'python3')} /usr/bin/python3 | head -1) -I -c"
PTRACE = """'import ctypes; print("ESCAPED" * (ctypes.CDLL(None).ptrace(16, SERVER, 0, 0) == 0))'"""
MEMORY = """'open("/proc/SERVER/mem", "rb").read(0); print("ESCAPED")'"""
PRLIMIT = """'import resource; resource.prlimit(SERVER, resource.RLIMIT_NOFILE, (64, 64)); print("ESCAPED")'"""
CLONE = """'import ctypes; print("ESCAPED" * (ctypes.CDLL(None).unshare(0x10000000) == 0))'"""
KEYS = """'import ctypes; print("ESCAPED" * (ctypes.CDLL(None).syscall(250, 0, -3, 1) > 0))'"""
RING = """'import ctypes; print("ESCAPED" * (ctypes.CDLL(None).syscall(425, 8, bytes(120)) > 0))'"""
ABSTRACT = """'import socket; s = socket.socket(1); s.connect("\\0ABSTRACT"); print("ESCAPED")'"""
PACKETS = """'import socket; socket.socket(17, 3); print("ESCAPED")'"""
VSOCK = """'import socket; socket.socket(40, 1); print("ESCAPED")'"""
NAMED = """'import socket; s = socket.socket(1); s.connect("OUTSIDE/../named.sock"); print("ESCAPED")'"""
SIGNAL = """'import os, signal; signal.pidfd_send_signal(os.pidfd_open(SERVER), 0); print("ESCAPED")'"""
STEAL = """'import ctypes, os; print("ESCAPED" * (ctypes.CDLL(None).syscall(438, os.pidfd_open(SERVER), 0, 0) >= 0))'"""
SETUID = (
    """'import os; os.close(os.open("planted", os.O_CREAT | os.O_WRONLY, 0o4755))'; [ -u planted ] && echo ESCAPED"""
)

ATTEMPTS = [
    "cat OUTSIDE/secret",
    "cat HOME/secret_key",
    "ls -A HOME | grep . && echo ESCAPED",
    "touch HOME/planted && echo ESCAPED",
    "cat HOME/../$(basename HOME)/secret_key",
    "touch OUTSIDE/planted && echo ESCAPED",
    "echo changed > OUTSIDE/secret && echo ESCAPED",
    "rm -rf OUTSIDE/secret; mv OUTSIDE/secret OUTSIDE/moved && echo ESCAPED",
    "ln -s OUTSIDE link1; cat link1/secret",
    "ln -s OUTSIDE link2; touch link2/planted && echo ESCAPED",
    "ln OUTSIDE/secret hard && cat hard",
    "ln HOME/secret_key hard2 && cat hard2",
    "cd OUTSIDE && cat secret",
    "cat /proc/SERVER/root/OUTSIDE/secret",
    "cat /proc/SERVER/cwd/pyproject.toml && echo ESCAPED",
    "tr '\\0' '\\n' < /proc/SERVER/environ",
    "cat /proc/*/environ | tr '\\0' '\\n'",
    "cat /proc/1/root/OUTSIDE/secret",
    "cat /proc/$PPID/root/OUTSIDE/secret",
    "readlink /proc/SERVER/fd/0 && echo ESCAPED",
    "for f in /proc/*/fd/*; do timeout 0.1 head -c 1000 $f; done 2>/dev/null < /dev/null",
    "touch /usr/planted && echo ESCAPED",
    "touch /etc/planted && echo ESCAPED",
    "echo >> /etc/passwd && echo ESCAPED",
    "touch /planted && echo ESCAPED",
    "cat /etc/shadow && echo ESCAPED",
    "kill -0 SERVER && echo ESCAPED",
    "kill -STOP SERVER && echo ESCAPED",
    "renice 19 SERVER && echo ESCAPED",
    "bash -c 'exec 3<>/dev/tcp/127.0.0.1/PORT' && echo ESCAPED",
    "bash -c 'exec 3<>/dev/tcp/localhost/PORT' && echo ESCAPED",
    "unshare -U true && echo ESCAPED",
    "unshare -Urm true && echo ESCAPED",
    "nsenter -t SERVER -m true && echo ESCAPED",
    "nsenter -t 1 -m true && echo ESCAPED",
    "mount -t tmpfs none . && echo ESCAPED",
    "mount -o remount,rw / && echo ESCAPED",
    "umount -l HOME; cat HOME/secret_key",
    "chroot / true && echo ESCAPED",
    "su -c true root </dev/null && echo ESCAPED",
    "mknod device c 1 3 && echo ESCAPED",
    "cp /bin/sh planted-shell; chmod u+s planted-shell && echo ESCAPED",
    "cp /bin/sh planted-group; chmod g+s planted-group && echo ESCAPED",
    "install -m 4755 /bin/sh planted-install && echo ESCAPED",
    f"{PYTHON} {PTRACE}",
    f"{PYTHON} {MEMORY}",
    f"{PYTHON} {PRLIMIT}",
    f"{PYTHON} {CLONE}",
    f"{PYTHON} {KEYS}",
    f"{PYTHON} {RING}",
    f"{PYTHON} {ABSTRACT}",
    f"{PYTHON} {PACKETS}",
    f"{PYTHON} {VSOCK}",
    f"{PYTHON} {SETUID}",
    f"{PYTHON} {NAMED}",
    f"{PYTHON} {SIGNAL}",
    f"{PYTHON} {STEAL}",
    "echo 1 > /proc/sys/kernel/core_pattern && echo ESCAPED",
    "echo c > /proc/sysrq-trigger && echo ESCAPED",
    "cat /proc/self/root/OUTSIDE/secret; cat /proc/self/cwd/../../../../../../OUTSIDE/secret",
    "cp -a /proc/SERVER/root/OUTSIDE/secret taken; cat taken",
    "env -i /bin/sh -c 'cat OUTSIDE/secret'",
    "sh <<'END'\ncat OUTSIDE/secret\nEND",
    "IFS=_; set -- cat_OUTSIDE/secret; $*",
    "echo Y2F0IE9VVFNJREUvc2VjcmV0 | base64 -d | sh; eval \"$(printf 'c%st OUTSIDE/secret' a)\"",
    "find / -name secret -path '*outside*' -exec cat {} + 2>/dev/null",
    "tar -cf - OUTSIDE/secret | tar -xOf -",
    "ls /sys/fs/cgroup/*/cgroup.procs && echo 1 > /sys/fs/cgroup/cgroup.procs && echo ESCAPED",
]
LEAST = 40  # as many as the design asks for, each under every way of confining commands


def test_there_are_as_many_attempts_as_were_promised() -> None:
    assert len(set(ATTEMPTS)) == len(ATTEMPTS) >= LEAST


@contextlib.contextmanager
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process to meddle with, which has a secret in its environment. It ends in order if nobody does."""
    environment = os.environ | {"ABREAST_SECRET_KEY": SECRET}
    waiting = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate(b"\n")


def aimed(command: str, outside: Path, settings: Settings, port: int, abstract: str, server: int) -> str:
    """The command, with what it is after in place of the words for it."""
    words = {"OUTSIDE": outside, "HOME": settings.HOME, "PORT": port, "ABSTRACT": abstract, "SERVER": server}
    for word, value in words.items():
        command = command.replace(word, str(value))
    return command


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("command", ATTEMPTS)
def test_a_confined_command_tries_in_vain(
    open_workspace: Path,
    outside: Path,
    listening: int,
    abstract: str,
    command: str,
    settings: Settings,
) -> None:
    Path(settings.HOME).mkdir(exist_ok=True)
    (settings.HOME / "secret_key").write_text(SECRET)
    with victim() as process:
        said = attempt(aimed(command, outside, settings, listening, abstract, process.pid), open_workspace) or ""
    assert process.returncode == 0
    assert "ESCAPED" not in said
    assert SECRET not in said
    assert (outside / "secret").read_text() == SECRET
    assert [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    "command",
    [
        "cat OUTSIDE/secret",
        "touch OUTSIDE/planted && echo ESCAPED",
        "ln -s OUTSIDE link3; cat link3/secret",
        "cat HOME/secret_key",
        "tr '\\0' '\\n' < /proc/SERVER/environ",
        "kill -0 SERVER && echo ESCAPED",
        "renice 19 SERVER && echo ESCAPED",
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/PORT' && echo ESCAPED",
        f"{PYTHON} {PRLIMIT}",
        f"{PYTHON} {ABSTRACT}",
        f"{PYTHON} {SETUID}",
        f"{PYTHON} {NAMED}",
        f"{PYTHON} {SIGNAL}",
        "sh <<'END'\ncat OUTSIDE/secret\nEND",
        "IFS=_; set -- cat_OUTSIDE/secret; $*",
    ],
)
def test_unconfined_the_same_attempts_succeed(workspace: Path, outside: Path, settings: Settings, command: str) -> None:
    """Or the test above would prove nothing."""
    settings.SHELL = "trusted"
    Path(settings.HOME).mkdir(exist_ok=True)
    (settings.HOME / "secret_key").write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0{(name := f'abreast-open-{os.getpid()}')}")
        other.listen()
        with victim() as process:
            port = server.getsockname()[1]
            said = attempt(aimed(command, outside, settings, port, name, process.pid), workspace) or ""
    assert "ESCAPED" in said or SECRET in said


@pytest.fixture
def nested(open_workspace: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server lives in the workspace, as after `make run` in a clone: its code, and its home folder below that."""
    place = open_workspace / "deep" / "abreast"
    (place / "runs").mkdir(parents=True, exist_ok=True)
    (place / "manage.py").write_text("# ours\n")
    (place / "runs" / "models.py").write_text("# ours\n")
    (place / "var").mkdir(mode=0o700, exist_ok=True)
    (place / "var" / "secret_key").write_text(SECRET)
    settings.BASE_DIR = place
    settings.HOME = place / "var"
    return place


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "command",
    [
        "cat var/secret_key",
        "ls -A var | grep . && echo ESCAPED",
        "touch var/planted && echo ESCAPED",
        "mv var var2 && echo ESCAPED",
        "cd ../..; mv deep deep2 && echo ESCAPED; cat deep2/abreast/var/secret_key",
        "rm -rf var; mkdir var && echo ESCAPED",
        "echo import os >> manage.py && echo ESCAPED",
        "echo import os >> runs/models.py && echo ESCAPED",
        "touch runs/planted.py && echo ESCAPED",
        "mv runs runs2 && echo ESCAPED",
        "rm manage.py && echo ESCAPED",
        "cp manage.py m2; mv m2 manage.py && echo ESCAPED",
    ],
)
def test_the_server_in_its_own_workspace_is_out_of_reach(nested: Path, open_workspace: Path, command: str) -> None:
    said = attempt(f"cd deep/abreast; {command}", open_workspace) or ""
    assert "ESCAPED" not in said
    assert SECRET not in said
    assert (nested / "manage.py").read_text() == (nested / "runs" / "models.py").read_text() == "# ours\n"
    assert [path.name for path in (nested / "var").iterdir()] == ["secret_key"]


@pytest.mark.usefixtures("way")
def test_the_rest_of_that_workspace_can_be_worked_in(nested: Path, open_workspace: Path) -> None:
    said = attempt(
        "cd deep/abreast && touch mine && mkdir -p docs && echo text > docs/page && cat manage.py docs/page",
        open_workspace,
    )
    assert said is None or said == "# ours\ntext\n" or "Permission denied" in said
    if sandbox.mode(open_workspace)[1].endswith("may be written") and said == "# ours\ntext\n":
        assert (nested / "mine").stat().st_uid == open_workspace.stat().st_uid
