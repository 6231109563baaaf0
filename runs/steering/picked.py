"""Several subtasks of a run at once: cancelled together, or tried again without the others."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from runs import journal, transitions
from runs.making import freeze
from runs.making.frozen import Carried
from runs.models import Aggregate, Subtask
from runs.orchestrating import orchestrator
from todos.plan import graph
from todos.problems import Conflict, Invalid, Missing


def refuse_unknown(run_id: int, keys: Collection[str]) -> None:
    """Raises Invalid unless there are some, all of them subtasks of this run."""
    if not keys:
        raise Invalid.at("/key", "no subtask was picked")
    there = set(Subtask.objects.filter(run=run_id, key__in=keys).values_list("key", flat=True))
    if unknown := sorted(set(keys) - there):
        raise Invalid.at("/key", f"there is no subtask {unknown[0][:64]} in this run")


def cancel(run_id: int, keys: Collection[str]) -> int:
    """Cancels these: at once what waits, by asking what is under way. What has ended stays as it is; what depends on
    them is skipped. Gives how many it cancelled or asked; raises Conflict where that is none."""
    refuse_unknown(run_id, keys)
    # Whoever depends on another goes first, or it would be skipped for the other.
    rows = Subtask.objects.filter(run=run_id, key__in=keys).order_by("remaining_seconds", "-position")
    try:
        with transaction.atomic(), journal.of(run_id, timezone.now()) as entry:
            reason = "it was cancelled"
            numbers = list(rows.values_list("pk", flat=True))
            count = sum(
                transitions.cancel_one(entry, number, reason) or transitions.request_stop(entry, number) > 0
                for number in numbers
            )
            if not count:
                raise Conflict("none of these can be cancelled: they have ended, or are asked to stop already")
            orchestrator.wake(run_id)
    except journal.NoSuchRun:
        raise Missing("there is no such run") from None
    return count


def narrowed(plan: freeze.Plan, keys: Collection[str], carried: Mapping[str, Carried]) -> freeze.Plan:
    """The plan of these, of what they need, and of what is carried over. Raises Invalid where one is no part of it any
    more."""
    if gone := sorted(set(keys) - set(plan.leaves)):
        raise Invalid.at("/key", f"{gone[0]} is no part of the todo any more")
    wanted, left = set(carried), list(keys)
    while left:
        key = left.pop()
        if key not in wanted:
            wanted.add(key)
            left += plan.needs[key]
    leaves = {key: leaf for key, leaf in plan.leaves.items() if key in wanted}
    needs = {key: [need for need in plan.needs[key] if need in wanted] for key in leaves}
    seconds = {key: plan.seconds[key] for key in leaves}
    remaining = graph.remaining_paths(needs, seconds.__getitem__)
    longest = freeze.longest_chain(leaves, needs, seconds, remaining)
    whole = replace(plan, leaves=leaves, needs=needs, seconds=seconds, remaining=remaining)
    return replace(whole, critical_path_seconds=longest, aggregates=_put_together(plan, wanted))


def _put_together(plan: freeze.Plan, wanted: Collection[str]) -> list[Aggregate]:
    """Those that have all their parts; a part may be one that is put together itself."""
    there = set(wanted)
    found = []
    for one in plan.aggregates:
        if there.issuperset([*one.parts, one.subtask] if one.subtask else one.parts):
            there.add(one.key)
            found.append(one)
    return found
