"""Asking a program: it gets a task on its standard input as JSON, and what it prints is its answer.

It runs like a command of the executor `shell`: confined, in the workspace, ended with all that it started when its time
is up or it prints too much. What it says on standard error is for people, and kept apart from the answer.
"""

import json
import secrets
from pathlib import Path
from typing import Any

from runs.executors import commands, sandbox, shell
from runs.executors.base import Failed, Job, Stopped
from runs.executors.results import storable_text
from runs.reports import Output

MAX_BYTES = 4 * 1024 * 1024

# `$0` ends the answer: nobody can print it by accident. What follows is the end of what was said on standard error.
_SCRIPT = """
"$@" <"$ABREAST_INPUTS" 2>"$TMPDIR/said"
code=$?
printf '%s' "$0"
tail -c 1000 -- "$TMPDIR/said"
exit "$code"
"""


class NoAnswer(Exception):
    """The program did not answer; says why."""


def ask(
    workspace: Path, program: str | list[str], task: Any, *, timeout_seconds: float, max_bytes: int = MAX_BYTES
) -> bytes:
    """What the program prints. A text is a line for the shell. Raises NoAnswer."""
    mode, reason = sandbox.mode(workspace)
    if mode is sandbox.Mode.OFF:
        raise NoAnswer(reason)
    mark = secrets.token_hex(16)
    arguments = [sandbox.shell(), "-c", "--", program] if isinstance(program, str) else program
    order = sandbox.order(mode, workspace)
    order["command"] = [sandbox.shell(), "-c", _SCRIPT, mark, *arguments]
    order["cwd"] = str(workspace)
    order["inputs"] = json.dumps(task)
    printed = _Printed(max_bytes)
    job = Job({}, workspace=workspace, timeout_seconds=timeout_seconds, output=printed)
    try:
        ended = commands.carry_out(job, order)
    except Stopped:
        raise NoAnswer(f"took more than {timeout_seconds:g} s") from None
    except Failed as failed:
        raise NoAnswer(_too_much(max_bytes) if printed.full else failed.error) from failed
    if printed.full:
        raise NoAnswer(_too_much(max_bytes))
    answer, _, said = bytes(printed.data).partition(mark.encode())
    if problem := shell.problem(ended):
        raise NoAnswer(shell.with_hint(problem, storable_text(said)))
    return answer


def _too_much(max_bytes: int) -> str:
    return f"printed more than {max_bytes / sandbox.MIB:g} MiB"


class _Printed:
    """What a program prints, up to a limit."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.data = bytearray()
        self.full = False

    def write(self, data: bytes) -> None:
        room = self._max_bytes + 2_000 - len(self.data)  # with the mark and what was said
        self.full = self.full or len(data) > room
        self.data += data[: max(0, room)]

    def close(self) -> Output:
        return Output(len(self.data))
