"""Whether a run has used what it may use."""

from collections.abc import Mapping


def used_up(budget: Mapping[str, float | None], *, cost: float, tokens: int) -> str | None:
    """Which part of a budget (`cost`, `tokens`) has been reached, as a sentence; None while there is some left. What a
    budget leaves out, or gives as None, is not limited."""
    for name, used in (("cost", cost), ("tokens", tokens)):
        limit = budget.get(name)
        if limit is not None and used >= limit:
            return f"the budget is used up: {name} {used:,.12g} of {limit:,.12g}"
    return None
