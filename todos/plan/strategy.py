"""How a run should be carried out: the rule of the specification, and why it says so.

Fewer than three subtasks that can run beside another: one at a time. Less than half of all: hybrid. Else parallel.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from todos.plan import graph

FEW = 3


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: str
    reason: str


def choose(needs: Mapping[str, Collection[str]], alone: Collection[str] = ()) -> Choice:
    """`needs`: leaves and what they depend on; `alone`: those somebody said must not run beside others."""
    beside = _beside_others(needs, alone)
    total = len(needs)
    counted = f"{beside} of {total} subtasks can run beside another"
    if beside < FEW:
        return Choice("sequential", f"{counted}, fewer than {FEW}")
    if beside * 2 < total:
        return Choice("hybrid", f"{counted}, less than half")
    return Choice("parallel", counted)


def _beside_others(needs: Mapping[str, Collection[str]], alone: Collection[str]) -> int:
    """Subtasks that share their wave with at least one other, not counting those that must be alone."""
    apart = set(alone)
    widths = (sum(1 for key in wave if key not in apart) for wave in graph.waves(needs))
    return sum(width for width in widths if width > 1)
