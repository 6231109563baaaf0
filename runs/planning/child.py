"""The process in which a todo is planned: a request on standard input, the plan on standard output, both JSON.

Planning takes as long as it is given; in a process of its own it holds up nobody else, and can be ended. It ends with
the server, too, whatever ends that: nobody would read the plan.
"""

import json
import os
import sys
import threading
import time
from typing import Any

from todos.plan.claims import Claim
from todos.plan.conflicts import TooMany
from todos.plan.planner import Task, Wish, plan


def main(arguments: list[str]) -> None:
    """The argument: the reading end of a pipe that nobody writes to; the server has the other end."""
    threading.Thread(target=_end_with, args=(int(arguments[0]),), daemon=True).start()
    request = json.load(sys.stdin)
    json.dump(_answer(request), sys.stdout, separators=(",", ":"))


def _end_with(server: int) -> None:
    os.read(server, 1)
    os._exit(1)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    tasks = [_task(row) for row in request["tasks"]]
    try:
        found = plan(tasks, Wish(**request["wish"]), clock=time.monotonic, seconds=request["seconds"])
    except TooMany as error:
        return {"error": str(error)}
    return {"plan": found}


def _task(row: dict[str, Any]) -> Task:
    claims = row.pop("claims")
    return Task(**row, claims=None if claims is None else [Claim(*one) for one in claims])
