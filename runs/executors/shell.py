"""`shell`: one command of the shell, in the workspace.

`{"name": "shell", "command": "ruff check .", "cwd": "src", "env": {"COLUMNS": "120"}}` gives `{"exit_code", "seconds",
"output_tail"}`; any exit code but 0 fails the attempt. The command is one argument of one shell. Nothing is ever pasted
into it: results of other subtasks come in a file that `ABREAST_INPUTS` names, as JSON, and who is running it is in
`ABREAST_RUN`, `ABREAST_SUBTASK`, `ABREAST_ATTEMPT` and `ABREAST_EPOCH`. How it is confined: `sandbox.py`.
"""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

from django.conf import settings

from runs.engine import policy
from runs.executors import commands, sandbox
from runs.executors.base import Failed, Job, Outcome
from runs.executors.commands import Ended
from runs.executors.results import storable_text
from todos import paths

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_HOPELESS = {126: "cannot be executed", 127: "there is no such command"}
_HINT_LINES = 5
_HINT_CHARS = 1_000
_ARGUMENT_BYTES = 128 * 1024 - 1  # the longest one argument may be, for the kernel


def run(job: Job) -> Outcome:
    command, cwd, added = _checked(job)
    mode, reason = sandbox.mode(job.workspace)
    if mode is sandbox.Mode.OFF:
        raise Failed(reason, retryable=False)
    order = sandbox.order(mode, job.workspace)
    order["command"] = [sandbox.shell(), "-c", "--", command]
    order["cwd"] = str(cwd)
    order["environment"] |= added | identity(job)
    order["inputs"] = json.dumps(job.inputs) if job.inputs else None
    ended = commands.carry_out(job, order)
    tail = storable_text(_from_whole_character(ended.tail), commands.TAIL_BYTES)
    if wrong := problem(ended):
        raise Failed(with_hint(wrong, tail), retryable=ended.exit not in _HOPELESS)
    return Outcome({"exit_code": 0, "seconds": ended.seconds, "output_tail": tail})


def _checked(job: Job) -> tuple[str, Path, dict[str, str]]:
    """Command, folder and environment of the spec. Raises Failed for what no shell could be given."""
    command, cwd, env = (job.spec.get(name) for name in ("command", "cwd", "env"))
    if not isinstance(command, str) or not command.strip():
        raise Failed("shell needs a command", retryable=False)
    _check_text("command", command)
    if refused := policy.refusal(command, settings.SHELL_PROGRAMS):
        raise Failed(f"the command is not let through: {refused}", retryable=False)
    if env is not None and not isinstance(env, dict):
        raise Failed("env must be an object of texts", retryable=False)
    for name, value in (env or {}).items():
        if not _NAME.match(name) or not isinstance(value, str):
            raise Failed(f"env: {name[:100]!r} is no name, or its value is no text", retryable=False)
        _check_text(f"env {name}", value)
    return command, _folder(job.workspace, cwd), env or {}


def _check_text(what: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Failed(f"{what}: half a surrogate pair", retryable=False) from None
    if "\0" in text or size > _ARGUMENT_BYTES:
        raise Failed(f"{what}: it has a NUL character, or more than {_ARGUMENT_BYTES} bytes", retryable=False)


def _folder(workspace: Path, cwd: Any) -> Path:
    if cwd is None:
        cwd = "."
    if not isinstance(cwd, str):
        raise Failed("cwd must be a path", retryable=False)
    inside = os.path.relpath(cwd, workspace) if cwd.startswith("/") else cwd
    try:
        paths.check_folder(workspace, inside)
    except paths.PathError as error:
        raise Failed(f"cwd: {error}", retryable=False) from error
    return workspace / inside


def identity(job: Job) -> dict[str, str]:
    """Who it is, as variables of its environment."""
    return {
        "ABREAST_RUN": str(job.run),
        "ABREAST_SUBTASK": job.key,
        "ABREAST_ATTEMPT": str(job.attempt),
        "ABREAST_EPOCH": str(job.epoch),
    }


def problem(ended: Ended) -> str | None:
    """What went wrong, if anything did."""
    if ended.over:
        return f"used more than {settings.SHELL_TOTAL_MEMORY_BYTES / sandbox.MIB:g} MiB of memory"
    number = ended.signal or (ended.exit - 128 if ended.exit is not None and ended.exit > 128 else 0)
    if number == signal.SIGXCPU:
        return f"used more than {settings.SHELL_CPU_SECONDS} s of processor time"
    if number == signal.SIGXFSZ:
        return f"wrote a file of more than {settings.SHELL_FILE_MAX_BYTES / sandbox.MIB:g} MiB"
    if ended.signal:
        return f"was ended by {signal.Signals(ended.signal).name}"
    if ended.exit == 0:
        return None
    because = _HOPELESS.get(ended.exit or 0)
    return f"exit code {ended.exit}" + (f" ({because})" if because else "")


def with_hint(problem: str, tail: str) -> str:
    lines = "\n".join(tail.rstrip().splitlines()[-_HINT_LINES:])[-_HINT_CHARS:]
    return f"{problem}: {lines}" if lines else problem


def _from_whole_character(tail: bytes) -> bytes:
    """Without the rest of a character that the cut has left at the beginning."""
    if len(tail) < commands.TAIL_BYTES:
        return tail
    rest = next((at for at in range(min(4, len(tail))) if tail[at] & 0xC0 != 0x80), 0)
    return tail[rest:]
