"""The row of one subtask: its todo as it stood, with all that was left out."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from runs.engine import pools, states
from runs.engine.modes import Mode, mode_of
from runs.models import Backend, Run, Subtask
from todos.models import Todo
from todos.plan import words
from todos.plan.claims import Claim


@dataclass(frozen=True, slots=True)
class Carried:
    """What a subtask brings along from an earlier run."""

    result: Any = None
    digest: str = ""


def subtask(
    run: Run,
    leaf: Todo,
    key: str,
    position: int,
    *,
    claims: list[Claim] | None,
    unmet: int,
    expected_seconds: float,
    remaining_seconds: float,
    now: datetime,
    done: Carried | None = None,
) -> Subtask:
    """Not stored yet. `done`: it is completed already. `leaf` need not be stored either. In a tracked run nothing is
    carried out or claimed."""
    return Subtask(
        run=run,
        todo=leaf if leaf.pk else None,
        key=key,
        position=position,
        status=states.Status.COMPLETED if done else states.Status.PENDING,
        progress=1 if done else None,
        unmet=unmet,
        expected_seconds=expected_seconds,
        remaining_seconds=remaining_seconds,
        created_at=now,
        ready_at=None if unmet or done else now,
        finished_at=now if done else None,
        result=done.result if done else None,
        result_digest=done.digest if done else "",
        **_dispatch(run, leaf, claims),
    )


def _dispatch(run: Run, leaf: Todo, claims: list[Claim] | None) -> dict[str, Any]:
    """What it is and how it is handed out."""
    tracked = run.backend == Backend.TRACKED
    executor = None if tracked else leaf.executor
    asks = words.asks(executor)
    claims = None if tracked else [] if asks else claims
    lane = leaf.lane or words.lane_of(leaf.executor)
    mode = mode_of(executor, lane, leaf.assigned_agent, backend=run.backend, lanes=run.lanes)
    return _spec(leaf, asks=asks) | {
        "executor": executor,
        "lane": lane,
        "mode": mode,
        "pool": pools.pool_of(executor),
        "alone": not leaf.parallelizable and not asks,
        "claims": None if claims is None else [claim._asdict() for claim in claims],
        "claims_group": group(run, claims, lane, who=_who(leaf, mode)),
    }


def _spec(leaf: Todo, *, asks: bool) -> dict[str, Any]:
    """As the todo has it, with what was left out. A person is asked once, and has longer to answer than a program."""
    timeout = settings.APPROVAL_TIMEOUT_SECONDS if asks else settings.SUBTASK_TIMEOUT_SECONDS
    retries = settings.SUBTASK_MAX_RETRIES if leaf.max_retries is None else leaf.max_retries
    return leaf.spec() | {
        "timeout_seconds": leaf.timeout_seconds or timeout,
        "max_retries": 0 if asks else retries,
        "max_iterations": leaf.max_iterations or settings.SUBTASK_MAX_ITERATIONS,
    }


def _who(leaf: Todo, mode: Mode) -> str:
    """May take it. Agents from outside differ in what they can do; all workers of ours can do the same."""
    return "" if mode is Mode.INTERNAL else f"{mode} {(leaf.executor or {}).get('name')} {leaf.assigned_agent}"


def group(run: Run, claims: list[Claim] | None, lane: str, *, who: str = "") -> str:
    """Names those that are dispatched alike and claim just the same: when one cannot start, none below it can."""
    if not claims:
        return ""
    text = json.dumps([run.pk, lane, who, sorted(claims)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
