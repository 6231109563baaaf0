from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.budget import used_up


@pytest.mark.parametrize(
    ("budget", "cost", "tokens", "says"),
    [
        ({}, 1e9, 10**9, None),
        ({"cost": None, "tokens": None}, 1e9, 10**9, None),
        ({"cost": 2.5, "tokens": None}, 2.4, 10**9, None),
        ({"cost": 2.5}, 2.5, 0, "the budget is used up: cost 2.5 of 2.5"),
        ({"tokens": 1000}, 99.0, 999, None),
        ({"tokens": 1000}, 0.0, 1234, "the budget is used up: tokens 1,234 of 1,000"),
        ({"cost": 1, "tokens": 1000}, 0.5, 1000, "the budget is used up: tokens 1,000 of 1,000"),
        ({"tokens": 0}, 0.0, 0, "the budget is used up: tokens 0 of 0"),
    ],
)
def test_a_budget_is_used_up_when_one_part_of_it_is_reached(
    budget: dict[str, Any], cost: float, tokens: int, says: str | None
) -> None:
    assert used_up(budget, cost=cost, tokens=tokens) == says


amounts = st.floats(0, 1e6)


@given(amounts, amounts, st.integers(0, 10**9), st.integers(0, 10**9))
def test_what_is_used_up_stays_so_whatever_more_is_used(cost: float, more: float, tokens: int, others: int) -> None:
    budget = {"cost": 1e5, "tokens": 10**8}
    before = used_up(budget, cost=cost, tokens=tokens)
    after = used_up(budget, cost=cost + more, tokens=tokens + others)
    assert (before is None) >= (after is None)
