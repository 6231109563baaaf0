"""How a run should be carried out, by the rules of the specification, and why they say so.

Fewer than three subtasks that can run beside another: one at a time. Less than half of all: hybrid. Else parallel.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from todos.plan.waves import Limits, apart, waves

FEW = 3
SOME = 10
COMPLEX = 0.7


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: str
    reason: str


def choose(needs: Mapping[str, Collection[str]], alone: Collection[str] = (), limits: Limits = ()) -> Choice:
    """`needs`: leaves and what they depend on; `alone`: those somebody said must not run beside others; `limits`: what
    their claims on resources allow.
    """
    beside = beside_others(needs, alone, limits)
    total = len(needs)
    counted = f"{beside} of {total} subtasks can run beside another"
    if beside < FEW:
        return Choice("sequential", f"{counted}, fewer than {FEW}")
    if beside * 2 < total:
        return Choice("hybrid", f"{counted}, less than half")
    return Choice("parallel", counted)


def beside_others(needs: Mapping[str, Collection[str]], alone: Collection[str] = (), limits: Limits = ()) -> int:
    """How many subtasks share their wave with at least one other."""
    found = waves(needs, [*limits, *apart(needs, alone)])
    return sum(len(wave) for wave in found if len(wave) > 1)


def agents(beside: int, complexity: float) -> int:
    """The specification's rule of thumb. `complexity`: the mean of the subtasks', 0 to 1."""
    if beside < FEW:
        return 1
    if beside < SOME:
        return min(FEW, beside)
    return 4 if complexity > COMPLEX else 5
