"""What an outside agent can do: by the name of the executor, None for work that has none."""

import json
import shlex
import time
from collections.abc import Callable
from typing import Any

from runs.portable.attempt import Attempt
from runs.portable.client import Failed

Handler = Callable[[Attempt], Any]


def shell(attempt: Attempt) -> dict[str, Any]:
    """`shell`: a command of the shell, in the workspace."""
    spec, begun = attempt.subtask["executor"], time.monotonic()
    argv = ["/bin/sh", "-c", spec["command"]]
    tail = attempt.execute(argv, cwd=spec.get("cwd") or ".", env=spec.get("env"))
    return {"exit_code": 0, "seconds": time.monotonic() - begun, "output_tail": tail}


def agent(attempt: Attempt) -> Any:
    """`agent`: a command with the prompt on its stdin."""
    spec = attempt.subtask["executor"]
    return said(attempt, attempt.execute(spec["command"], stdin=spec["prompt"]))


def simulate(attempt: Attempt) -> dict[str, Any]:
    """`simulate`: waits, and fails the first times if told so."""
    spec, begun = attempt.subtask["executor"], time.monotonic()
    while not attempt.stopping and (left := begun + spec.get("seconds", 0) - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
    if attempt.stopping:
        raise Failed(attempt.stopping)
    if attempt.epoch <= spec.get("fail_times", 0):
        raise Failed("told to fail")
    return {"seconds": time.monotonic() - begun}


def by_command(command: str) -> Handler:
    """For what has no executor: the text of the subtask is on the command's stdin."""
    argv = shlex.split(command)
    return lambda attempt: said(attempt, attempt.execute(argv, stdin=attempt.subtask["content"]))


def said(attempt: Attempt, tail: str) -> Any:
    """What a program printed: one JSON object is the result as it is, and may tell what was used."""
    try:
        found = json.loads(tail)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"output_tail": tail}
    used = found.get("usage")
    used = used if isinstance(used, dict) else {}
    attempt.usage = {name: used[name] for name in ("input_tokens", "output_tokens") if isinstance(used.get(name), int)}
    if isinstance(cost := found.get("total_cost_usd"), int | float):
        attempt.usage["cost"] = cost
    return found


CAN: dict[str | None, Handler] = {"shell": shell, "agent": agent, "simulate": simulate}
