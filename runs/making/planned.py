"""What a plan says of a run as a whole: how it goes, how long it takes at least, and what sets that limit."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from runs.claims import limits
from runs.engine import conditions, serial, states
from runs.making import claimed
from runs.making.freeze import Plan, longest_chain
from runs.models import Run, Strategy, Subtask
from todos.plan import bounds, conflicts, graph, loads, strategy, words
from todos.plan.claims import COUNTED, FILE, Claim
from todos.plan.conflicts import Units
from todos.plan.loads import Load
from todos.problems import Invalid

MOST_CLAIMING = 2_000
"""Subtasks that claim something in a run to which some are added."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A subtask as its bounds see it. `claims`: None when nobody said what it claims."""

    seconds: float
    writes: bool
    alone: bool
    claims: Sequence[Claim] | None


def run_of(
    plan: Plan, wanted: str, max_agents: int, *, barriers: bool, carried: Collection[str] = ()
) -> dict[str, Any]:
    """The columns of a run that follow from its plan. Its limits are those of what is not carried over."""
    units = claimed.units(plan.leaves)
    chosen = strategy.choose(plan.needs, [key for key, leaf in plan.leaves.items() if not leaf.parallelizable], units)
    goes = wanted if wanted != Strategy.AUTO else chosen.strategy
    left = _left(plan, carried)
    agents = 1 if goes == Strategy.SEQUENTIAL else max_agents
    leaves = {key: leaf for key, leaf in _leaves(plan).items() if key in left}
    longest = _longest(plan, left)
    work = sum(leaf.seconds for leaf in leaves.values())
    busiest = busiest_of(leaves, goes, units)
    least = max(longest, agents_need(leaves, agents), busiest.seconds if busiest else 0.0)
    if barriers:
        least = max(least, _phased(plan, left, agents))
    return {
        "strategy": goes,
        "reason": chosen.reason if goes != wanted else f"asked for; auto would be {chosen.strategy}: {chosen.reason}",
        "work_seconds": work,
        "critical_path_seconds": longest,
        "theoretical_speedup": work / least if least else None,
        "shape": _shape(plan) | bound_by(busiest, least),
    }


def _left(plan: Plan, carried: Collection[str]) -> set[str]:
    """What runs when nothing fails, beyond what is carried over."""
    ends = dict.fromkeys(carried, states.Status.COMPLETED)
    return conditions.expected(plan.needs, plan.whens, ends) - set(carried)


def _leaves(plan: Plan) -> dict[str, Leaf]:
    return {
        key: Leaf(
            plan.seconds[key],
            (leaf.lane or words.lane_of(leaf.executor)) == words.Lane.EXECUTE,
            not leaf.parallelizable,
            claimed.claims_of(leaf),
        )
        for key, leaf in plan.leaves.items()
    }


def _longest(plan: Plan, left: Collection[str]) -> float:
    if len(left) == len(plan.leaves):
        return plan.critical_path_seconds
    seconds = {key: plan.seconds[key] if key in left else 0.0 for key in plan.leaves}
    return longest_chain(plan.leaves, plan.needs, seconds, graph.remaining_paths(plan.needs, seconds.__getitem__))


def _phased(plan: Plan, left: Collection[str], agents: int) -> float:
    needs = {key: [need for need in plan.needs[key] if need in left] for key in plan.leaves if key in left}
    of = {key: plan.leaves[key].phase for key in needs}
    return bounds.behind_barriers(needs, plan.seconds, of, agents=agents, patience=settings.BARRIER_SECONDS)


# ---- bounds ----


def agents_need(leaves: Mapping[str, Leaf], agents: int) -> float:
    """Seconds when no agent is ever idle; what runs alone keeps them all."""
    alone = sum(leaf.seconds for leaf in leaves.values() if leaf.alone)
    return alone + (sum(leaf.seconds for leaf in leaves.values()) - alone) / agents


def busiest_of(leaves: Mapping[str, Leaf], goes: str, units: Iterable[Units[str]]) -> Load | None:
    """What of all that these claim is needed for longest. Under `hybrid` a change of which nobody said what it claims
    has no other change beside it."""
    found = list(units)
    writes = [key for key, leaf in leaves.items() if leaf.writes]
    undeclared = {key for key in writes if leaves[key].claims is None}
    if goes == Strategy.HYBRID and len(writes) > 1 and undeclared:
        found.append(loads.lane(words.Lane.EXECUTE, writes, undeclared))
    calls = conflicts.calls({key: leaf.claims for key, leaf in leaves.items() if leaf.claims})
    if not found and not calls:
        return None
    return loads.busiest(found, calls, limits.per_second(), {key: leaf.seconds for key, leaf in leaves.items()})


def bound_by(busiest: Load | None, least: float) -> dict[str, Any]:
    """For the shape of a run: the resource that sets its limit; nothing where something else does."""
    if busiest is None or busiest.seconds < least or not least:
        return {}
    return {"bound_by": {"kind": busiest.kind, "name": busiest.name}}


def limit_anew(run: Run, added: Sequence[Subtask], work: float, longest: float) -> dict[str, Any]:
    """The columns of a run to which these were added, and stored: `work` and `longest` count them."""
    agents = 1 if run.strategy == Strategy.SEQUENTIAL else run.max_agents
    shape = _with(run.shape, added)
    there = Subtask.objects.filter(run=run.pk).exclude(status=states.Status.COMPLETED, epoch=0)
    there = there.exclude(status__in=[states.Status.SKIPPED, states.Status.CANCELLED]).exclude(when=words.When.FAILED)
    alone = _seconds(there.filter(alone=True, last_try=False)) if shape.get("alone") else 0.0
    claims = run.claiming or any(one.claims for one in added)
    turns = run.strategy == Strategy.HYBRID and shape.get("undeclared")
    busiest = _busiest_anew(run, there) if claims or turns else None
    least = max(longest, alone + max(0.0, work - alone) / agents, busiest.seconds if busiest else 0.0)
    return {"theoretical_speedup": work / least if least else None, "shape": shape | bound_by(busiest, least)}


def _with(shape: Mapping[str, Any], added: Sequence[Subtask]) -> dict[str, Any]:
    """Without what has set the limit so far."""
    undeclared = [one for one in added if one.claims is None and one.lane == words.Lane.EXECUTE]
    more = {"subtasks": len(added), "alone": sum(one.alone for one in added), "undeclared": len(undeclared)}
    kept = {name: value for name, value in shape.items() if name != "bound_by"}
    return kept | {name: kept.get(name, 0) + number for name, number in more.items()}


def _seconds(there: QuerySet[Subtask]) -> float:
    found: float | None = there.aggregate(seconds=Sum("expected_seconds"))["seconds"]
    return found or 0.0


def _busiest_anew(run: Run, there: QuerySet[Subtask]) -> Load | None:
    """None where so many claim something that whoever adds a few would wait for it: a limit that leaves out what is
    claimed is higher, and holds still."""
    counts = Q(claims__isnull=False) & ~Q(claims=[])
    if run.strategy == Strategy.HYBRID:
        counts |= Q(lane=words.Lane.EXECUTE)
    rows = there.filter(counts).order_by().values_list("key", "expected_seconds", "lane", "alone", "claims")
    found: list[Any] = list(rows[: MOST_CLAIMING + 1])
    if len(found) > MOST_CLAIMING:
        return None
    leaves = {row[0]: _leaf(*row[1:]) for row in found}
    try:
        units = claimed.units_of({key: leaf.claims or [] for key, leaf in leaves.items()})
    except Invalid:
        return None
    return busiest_of(leaves, run.strategy, units)


def _leaf(seconds: float, lane: str, alone: bool, claims: list[dict[str, Any]] | None) -> Leaf:
    made = None if claims is None else [Claim(**claim) for claim in claims]
    return Leaf(seconds, lane == words.Lane.EXECUTE, alone, made)


# ---- the shape ----


def _shape(plan: Plan) -> dict[str, Any]:
    """What of it may keep its subtasks apart."""
    leaves = plan.leaves.values()
    claims = [claimed.claims_of(leaf) for leaf in leaves]
    lanes = [leaf.lane or words.lane_of(leaf.executor) for leaf in leaves]
    return serial.shape_of(
        subtasks=len(plan.leaves),
        alone=sum(1 for leaf in leaves if not leaf.parallelizable),
        undeclared=sum(1 for lane, found in zip(lanes, claims) if found is None and lane == words.Lane.EXECUTE),
        claims=_exclusive(claim for found in claims for claim in found or ()),
    )


def _exclusive(claims: Iterable[Claim]) -> Counter[tuple[str, str]]:
    """How many subtasks claim each of what two of them cannot have at a time."""
    found = list(claims)
    there = limits.capacity() if any(claim.kind in COUNTED for claim in found) else {}
    return Counter(
        (claim.kind, claim.name)
        for claim in found
        if (claim.kind == FILE and claim.writes)
        or (claim.kind in COUNTED and 2 * claim.amount > there.get(f"{claim.kind} {claim.name}", there[claim.kind]))
    )
