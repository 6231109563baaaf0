"""A command under a keeper: it is killed when nobody says any more that it may go on."""

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps

# Runs a command in a session of its own until its time is over. Each line of stdin is a later time; the end of stdin is
# the end of the command. Whatever it leaves behind in its session ends with it.
KEEPER = """
import os, select, signal, subprocess, sys, time
clock, until = int(sys.argv[1]), float(sys.argv[2])
try:
    child = subprocess.Popen(sys.argv[4:], stdin=open(sys.argv[3], "rb"), start_new_session=True)
except OSError as error:
    print(error)
    sys.exit(127)
told = b""
try:
    while child.poll() is None:
        left = until - time.clock_gettime(clock)
        if left <= 0:
            break
        if select.select([0], [], [], min(left, 0.05))[0]:
            more = os.read(0, 4096)
            if not more:
                break
            *lines, told = (told + more).split(b"\\n")
            until = float(lines[-1]) if lines else until
finally:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)
"""


def now() -> float:
    """Seconds of the clock that the keeper goes by."""
    return time.clock_gettime(CLOCK)


class Kept:
    """A command under way until `until`, by the clock above, unless that is renewed."""

    def __init__(self, argv: list[str], *, until: float, stdin: Path, cwd: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (an argument list; to run it is what this is for)
            [sys.executable, "-c", KEEPER, str(CLOCK), str(until), str(stdin), *argv],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        self._orders, self._output = self._process.stdin, self._process.stdout

    def renew(self, until: float) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended
            self._orders.write(f"{until}\n".encode())
            self._orders.flush()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._orders.close()

    def read(self, size: int, seconds: float) -> bytes | None:
        """Output, as soon as there is some; None when none came in this time, empty at its end."""
        if not select.select([self._output], [], [], seconds)[0]:
            return None
        return os.read(self._output.fileno(), size)

    def wait(self) -> int:
        """Its exit code; 128 and the signal's number if one ended it."""
        code = self._process.wait()
        self.stop()
        self._output.close()
        return code
