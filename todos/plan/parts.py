"""What of an outline can be done side by side, and what cannot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """`independent` and `sequential` are keys of leaves; together they are all. `shared` are the resources that more
    than one leaf claims and at least one of them alone, as (kind, name).
    """

    independent: list[str]
    sequential: list[str]
    shared: list[tuple[str, str]]

    @property
    def parallelization_score(self) -> float:
        """The part of the leaves that is independent, 0 to 1."""
        total = len(self.independent) + len(self.sequential)
        return len(self.independent) / total if total else 0.0


Claim = tuple[str, str, bool]
"""Kind, name, and whether it is claimed for writing."""


def parts(
    needs: Mapping[str, Collection[str]], alone: Collection[str], claims: Mapping[str, Collection[Claim]]
) -> Parts:
    """Splits leaves: one is independent when it waits for no other, may run beside others, and shares no resource that
    somebody writes. `needs`: leaves and what they depend on; `alone`: those that must not run beside others.
    """
    shared = _shared(claims)
    apart = set(alone) | {key for key, made in claims.items() if any(claim[:2] in shared for claim in made)}
    independent = [key for key in needs if not needs[key] and key not in apart]
    free = set(independent)
    return Parts(independent, [key for key in needs if key not in free], sorted(shared))


def _shared(claims: Mapping[str, Collection[Claim]]) -> set[tuple[str, str]]:
    claimants: dict[tuple[str, str], int] = {}
    written: set[tuple[str, str]] = set()
    for made in claims.values():
        for kind, name, writes in made:
            claimants[kind, name] = claimants.get((kind, name), 0) + 1
            if writes:
                written.add((kind, name))
    return {resource for resource, count in claimants.items() if count > 1 and resource in written}
