"""Barriers: the phases of a run, one after the other."""

from collections.abc import Hashable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from todos.plan import graph

Node = TypeVar("Node", bound=Hashable)


class Opened(StrEnum):
    """Why a barrier let the next phase begin."""

    RELEASED = "released"
    TIMED_OUT = "timed_out"


def backward(needs: Mapping[Node, Sequence[Node]], phases: Mapping[Node, int | None]) -> tuple[Node, Node] | None:
    """A subtask and what it needs, itself or through others, of a later phase: behind barriers they would wait for each
    other. None when there is no such pair. What has no phase waits for no barrier, and no barrier waits for it."""
    latest: dict[Node, Node | None] = {}  # of all a subtask needs and itself, one of the latest phase
    for wave in graph.waves(needs):
        for node in wave:
            before = [found for found in (latest[need] for need in needs[node]) if found is not None]
            last = max(before, key=lambda other: phases[other] or 0, default=None)
            own = phases[node]
            if last is not None and own is not None and (phases[last] or 0) > own:
                return node, last
            latest[node] = last if own is None else node
    return None


def opened(*, unended: bool, timed_out: bool) -> Opened | None:
    """Whether the next phase begins: all of this one have ended, or its last ones keep the others waiting too long."""
    if not unended:
        return Opened.RELEASED
    return Opened.TIMED_OUT if timed_out else None
