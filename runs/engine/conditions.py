"""What `when` means for a plan: which subtasks run when all goes well, and which may keep an earlier result."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

from todos.plan import graph
from todos.plan.words import Status, When

Node = TypeVar("Node", bound=Hashable)


def end_before_start(when: str, needs: Collection[str]) -> Status | None:
    """The status of a subtask that cannot start any more, by the statuses of what it depends on: skipped; None while it
    may start, now or later."""
    if when == When.ALWAYS:
        return None
    if when == When.SUCCESS:
        unwell = {Status.FAILED, Status.CANCELLED, Status.SKIPPED}
        return Status.SKIPPED if any(status in unwell for status in needs) else None
    open_or_failed = {Status.PENDING, Status.IN_PROGRESS, Status.FAILED}
    return None if any(status in open_or_failed for status in needs) else Status.SKIPPED


def expected(
    needs: Mapping[Node, Collection[Node]], whens: Mapping[Node, str], ends: Mapping[Node, str] | None = None
) -> set[Node]:
    """Those that are completed in the end when nothing more fails; `ends`: how some have ended. Raises CycleError."""
    found: dict[Node, str] = dict(ends or {})
    if all(when == When.SUCCESS for when in whens.values()) and set(found.values()) <= {Status.COMPLETED}:
        return set(needs)
    for node in graph.order(needs):
        if node not in found:
            before = [found[need] for need in needs[node]]
            found[node] = end_before_start(whens[node], before) or Status.COMPLETED
    return {node for node, status in found.items() if status == Status.COMPLETED}


def kept(needs: Mapping[Node, Collection[Node]], whens: Mapping[Node, str], done: Collection[Node]) -> set[Node]:
    """Those of the completed that need not be done again. What runs after any end, or after a failure, has to do with
    that end: it is done again when something it depends on is. Raises CycleError."""
    if all(when == When.SUCCESS for when in whens.values()):
        return set(done)
    found: set[Node] = set()
    for node in graph.order(needs):
        if node in done and (whens[node] == When.SUCCESS or all(need in found for need in needs[node])):
            found.add(node)
    return found
