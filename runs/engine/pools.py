"""Pools: named shares of the machine. Which one a subtask belongs to, how many of one run at once, and when a pool that
takes more than its share is made narrower.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from runs.engine import commands

WEB, CODEBASE, BASH, COORDINATION = POOLS = ("web", "codebase", "bash", "coordination")

_OF_EXECUTOR = {
    "web_search": WEB,
    "http": WEB,
    "search": CODEBASE,
    "read": CODEBASE,
    "agent": BASH,
    "python": BASH,
}
_LOOKING = ("explore.", "survey.")  # calls of `python` that look at the code base
ALL_COMMANDS = "bash/*"  # under this name stands the limit of all commands of the shell together

EVERY_POOL = (*POOLS, *(f"{BASH}/{kind}" for kind in (*commands.KINDS, commands.OTHER)))

STEP_SECONDS = 5.0  # from one step to the next: so long it takes to see what a step has changed


def pool_of(executor: Mapping[str, Any] | None) -> str:
    """What stands in a subtask: the name of its pool; for a command of the shell with its sort, "bash/build"."""
    name = (executor or {}).get("name")
    if name == "shell":
        return f"{BASH}/{commands.kind_of(str((executor or {}).get('command', '')))}"
    if name == "python" and str((executor or {}).get("call", "")).startswith(_LOOKING):
        return CODEBASE
    return _OF_EXECUTOR.get(str(name), COORDINATION)


def name_of(pool: str) -> str:
    """ "bash" of "bash/build"."""
    return pool.partition("/")[0]


@lru_cache(maxsize=256)
def slots_of(pool: str) -> tuple[str, ...]:
    """The limits that count for it: that of its pool, of all commands, of commands of its sort."""
    name, kind = name_of(pool), pool.partition("/")[2]
    return (name, ALL_COMMANDS, pool) if kind else (name,)


def room(limits: Mapping[str, int], running: Collection[str]) -> dict[str, int]:
    """How many more may run of each that has a limit. `running`: the pool of each one that is under way."""
    left = dict(limits)
    for pool in running:
        for slot in slots_of(pool):
            if slot in left:
                left[slot] -= 1
    return left


def full(room: Mapping[str, int], pools: Collection[str]) -> list[str]:
    """Of these, those of which none can start now."""
    return [pool for pool in pools if any(room.get(slot, 1) <= 0 for slot in slots_of(pool))]


# ---- shares ----


@dataclass(frozen=True, slots=True)
class Use:
    """What the subtasks of a pool use of the machine, as parts of 1. None: not measured."""

    cpu: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A pool as it stands. `limit`: what it is held to, `asked` what somebody set; None: nothing.

    `waiting`: its ready subtasks that have not started.
    """

    name: str
    share: Mapping[str, float]
    use: Use
    running: int
    waiting: int
    asked: int | None = None
    limit: int | None = None

    @property
    def narrowed(self) -> bool:
        return self.limit != self.asked

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.running >= self.limit

    @property
    def over(self) -> str | None:
        """Of what it uses more than its share: "cpu", "memory", or nothing."""
        for what in ("cpu", "memory"):
            used = getattr(self.use, what)
            if used is not None and used > self.share[what]:
                return what
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """A pool's new limit; None: none any more. `over`: of what it used too much when it was narrowed."""

    pool: str
    limit: int | None
    over: str | None = None

    @property
    def kind(self) -> str:
        return "pool_narrowed" if self.over else "pool_widened"


def step(pools: Sequence[Seen]) -> list[Step]:
    """What to change now: each pool by one at most, and never below one.

    A pool is too wide while it uses more than its share and work of another one is ready. Without such work its use
    hurts nobody.
    """
    steps = []
    for pool in pools:
        elsewhere = any(other.waiting and not other.is_full for other in pools if other is not pool)
        if pool.over and elsewhere:
            fewer = max(1, min(pool.running, pool.limit or pool.running) - 1)
            if pool.running and fewer < (pool.limit or pool.running):
                steps.append(Step(pool.name, fewer, pool.over))
        elif pool.narrowed and pool.limit is not None:
            steps.append(Step(pool.name, _wider(pool)))
    return steps


def _wider(pool: Seen) -> int | None:
    """One more; what somebody asked for, or nothing, once that is no less than all there is to do."""
    more = (pool.limit or 0) + 1
    if pool.asked is not None:
        return min(more, pool.asked)
    return more if more < pool.running + pool.waiting else None
