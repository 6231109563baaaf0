"""The plan of a todo: what a run of it would do now."""

import json
import logging
import os
import subprocess
import threading
from dataclasses import asdict
from typing import Any, cast

from django.db import connection

from runs.claims import limits
from runs.executors.child import command, environment
from runs.making import claimed, freeze
from runs.planning.answers import PlanAnswer
from todos.models import Todo
from todos.plan import words
from todos.plan.planner import Wish
from todos.problems import Busy, Invalid

PROGRAM = "runs.planning.child"
IMPROVE_SECONDS = 1.0
AT_ONCE = 4
"""Plans that are made at the same time; more wait for their turn, so long at most."""
TURN_SECONDS = 5.0
OVERTIME_SECONDS = 20.0
"""What a plan may take beyond the time to improve it, before it is given up."""

log = logging.getLogger(__name__)
_turns = threading.BoundedSemaphore(AT_ONCE)


def plan(
    todo: Todo, *, max_agents: int, strategy: str = "auto", improve_seconds: float = IMPROVE_SECONDS
) -> PlanAnswer:
    """Changes nothing. Leaves that are completed are left out, as a run carries them over, unless nothing else is left;
    and those that run only when something fails.

    Raises Invalid when the todo cannot be run, Busy when too many plans are being made or this one takes too long.
    """
    wish = Wish(strategy, max_agents, limits.capacity(), limits.per_second())
    request = {"tasks": _tasks(freeze.plan_of(todo)), "wish": asdict(wish), "seconds": improve_seconds}
    if not connection.in_atomic_block:
        connection.close()  # it may be one of few, and this may take a while
    answer = _ask(json.dumps(request), improve_seconds + OVERTIME_SECONDS)
    if "error" in answer:
        raise Invalid.at("", answer["error"])
    return cast(PlanAnswer, answer["plan"])


def _tasks(plan: freeze.Plan) -> list[dict[str, Any]]:
    completed = {key for key, leaf in plan.leaves.items() if leaf.status == words.Status.COMPLETED}
    run = plan.left(completed) or plan.left(()) or plan.leaves.keys()
    left = [key for key in plan.leaves if key in run]
    there = set(left)
    tasks = [_task(plan, key, there) for key in left]
    claimed.check_number(sum(len(task["claims"] or ()) for task in tasks))
    return tasks


def _task(plan: freeze.Plan, key: str, there: set[str]) -> dict[str, Any]:
    leaf = plan.leaves[key]
    claims = claimed.claims_of(leaf)
    return {
        "key": key,
        "seconds": plan.seconds[key],
        "needs": [need for need in plan.needs[key] if need in there],
        "priority": leaf.priority,
        "writes": (leaf.lane or words.lane_of(leaf.executor)) == words.Lane.EXECUTE,
        "alone": not leaf.parallelizable,
        "complexity": leaf.complexity,
        "claims": None if claims is None else [tuple(one) for one in claims],
    }


def _ask(request: str, seconds: float) -> Any:
    if not _turns.acquire(timeout=TURN_SECONDS):
        raise Busy("too many plans are being made")
    theirs, ours = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter of our own
            command(PROGRAM, str(theirs)),
            input=request.encode(),
            stdout=subprocess.PIPE,
            env=environment(),
            pass_fds=(theirs,),
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise Busy("planning takes too long") from None
    except subprocess.CalledProcessError as error:  # the system ended it, say for its memory
        log.error("planning ended with %s", error.returncode)
        raise Busy("planning was broken off") from None
    finally:
        os.close(theirs)
        os.close(ours)
        _turns.release()
    return json.loads(done.stdout)
