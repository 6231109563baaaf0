import os
import signal
import sys
from pathlib import Path

import pytest

from runs.portable.kept import Kept, now
from tests.server.process import gone, until

LONG = 60.0


def kept(command: str, *, seconds: float, stdin: Path) -> Kept:
    return Kept(["/bin/sh", "-c", command], until=now() + seconds, stdin=stdin, cwd=stdin.parent, env=dict(os.environ))


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    path = tmp_path / "stdin"
    path.write_text("")
    return path


def all_output(command: Kept) -> bytes:
    found = b""
    while (more := command.read(1_000, LONG)) != b"":
        found += more or b""
    return found


def said_pid(command: Kept) -> int:
    """The number of a process, which the command prints first."""
    return int(until(lambda: command.read(100, 1) or b"", "a number"))


def test_a_command_gets_its_stdin_and_gives_its_output_and_code(tmp_path: Path) -> None:
    (tmp_path / "given").write_text("hello")
    command = kept("cat; echo ' there' >&2; exit 3", seconds=LONG, stdin=tmp_path / "given")
    assert all_output(command) == b"hello there\n"
    assert command.wait() == 3


def test_a_command_that_a_signal_ended_gives_its_number(nothing: Path) -> None:
    assert kept("kill -TERM $$", seconds=LONG, stdin=nothing).wait() == 128 + signal.SIGTERM


def test_no_command_goes_on_when_its_time_is_over(nothing: Path) -> None:
    command = kept("echo $$; sleep 60", seconds=LONG, stdin=nothing)
    pid = said_pid(command)
    command.renew(now() + 0.3)
    assert command.wait() == 128 + signal.SIGKILL
    assert gone(pid)


def test_a_command_goes_on_while_its_time_is_renewed(nothing: Path) -> None:
    command = kept("echo begun; sleep 1.2; echo done", seconds=LONG, stdin=nothing)
    assert command.read(6, LONG) == b"begun\n"
    command.renew(now() + 1.0)
    command.renew(now() + LONG)
    assert all_output(command) == b"done\n"
    assert command.wait() == 0


def test_a_renewal_can_make_it_shorter(nothing: Path) -> None:
    command = kept("sleep 60", seconds=LONG, stdin=nothing)
    command.renew(now())
    assert command.wait() == 128 + signal.SIGKILL


def test_a_command_that_is_stopped_ends_with_all_it_started(nothing: Path) -> None:
    command = kept("sleep 60 & echo $!; wait", seconds=LONG, stdin=nothing)
    pid = said_pid(command)
    command.stop()
    assert command.wait() == 128 + signal.SIGKILL
    assert gone(pid)


def test_what_a_command_leaves_behind_ends_with_it(nothing: Path) -> None:
    command = kept("sleep 60 >/dev/null 2>&1 & echo $!", seconds=LONG, stdin=nothing)
    pid = said_pid(command)
    assert command.wait() == 0
    assert gone(pid)


def test_a_command_ends_with_whoever_kept_it(nothing: Path) -> None:
    """Killed, it renews nothing and closes what the keeper listens to."""
    keeper = (
        f"import os, sys; sys.path.insert(0, {str(Path.cwd())!r});"
        "from pathlib import Path; from runs.portable.kept import Kept, now;"
        f"k = Kept(['/bin/sh', '-c', 'echo $$; sleep 60'], until=now() + 60, stdin=Path({str(nothing)!r}),"
        " cwd=Path('/'), env=dict(os.environ));"
        "print(int(k.read(100, 60)), flush=True); os.kill(os.getpid(), 9)"
    )
    outer = Kept([sys.executable, "-c", keeper], until=now() + LONG, stdin=nothing, cwd=Path("/"), env=dict(os.environ))
    pid = said_pid(outer)
    assert outer.wait() == 128 + signal.SIGKILL
    assert gone(pid)


def test_a_program_that_is_not_there_ends_with_127_and_says_so(nothing: Path) -> None:
    command = Kept(["/nowhere/at/all"], until=now() + LONG, stdin=nothing, cwd=Path("/"), env={})
    assert b"/nowhere/at/all" in all_output(command)
    assert command.wait() == 127
