"""What a parent says of itself follows from its leaves, all of them, however deep."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from todos.plan.words import Status

Node = TypeVar("Node", bound=Hashable)
Counts = dict[str, int]

TOTAL = "total"


def no_counts() -> Counts:
    return dict.fromkeys([*Status, TOTAL], 0)


def roll_up(parents: Mapping[Node, Node | None], statuses: Mapping[Node, str]) -> dict[Node, Counts]:
    """For every node that has some below it: its leaves by status, and `total`. A node has one parent, or None."""
    found: dict[Node, Counts] = {parent: no_counts() for parent in parents.values() if parent is not None}
    for node, parent in parents.items():
        if node in found:
            continue
        status = statuses[node]
        while parent is not None:
            counts = found[parent]
            counts[status] += 1
            counts[TOTAL] += 1
            parent = parents.get(parent)
    return found


def status_of(counts: Counts) -> Status:
    """The status of a parent.

    Something is open: in progress once a leaf is, or has been (cancelled and skipped ones do not count), else pending.
    Nothing is open: failed if a leaf failed, else cancelled if one was, else completed if one is, else skipped.
    """
    begun = counts[Status.IN_PROGRESS] + counts[Status.COMPLETED] + counts[Status.FAILED]
    if counts[Status.PENDING] or counts[Status.IN_PROGRESS]:
        return Status.IN_PROGRESS if begun else Status.PENDING
    ended = (Status.FAILED, Status.CANCELLED, Status.COMPLETED)
    return next((status for status in ended if counts[status]), Status.SKIPPED)
