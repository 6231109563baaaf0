"""The specification's rule for the strategy, at its boundaries."""

from collections.abc import Collection

import pytest

from todos.plan.strategy import choose


def beside_each_other(count: int) -> dict[str, list[str]]:
    return {f"free{at}": [] for at in range(count)}


def chain(count: int, first_needs: Collection[str] = ()) -> dict[str, list[str]]:
    """Subtasks that wait for one another: none of them can run beside another."""
    return {f"link{at}": [f"link{at - 1}"] if at else list(first_needs) for at in range(count)}


@pytest.mark.parametrize(
    ("count", "strategy"), [(1, "sequential"), (2, "sequential"), (3, "parallel"), (4, "parallel")]
)
def test_fewer_than_three_that_can_run_beside_another_go_one_at_a_time(count: int, strategy: str) -> None:
    assert choose(beside_each_other(count)).strategy == strategy


@pytest.mark.parametrize(("links", "strategy"), [(2, "parallel"), (3, "parallel"), (4, "hybrid"), (50, "hybrid")])
def test_less_than_half_that_can_run_beside_another_go_hybrid(links: int, strategy: str) -> None:
    free = beside_each_other(3)
    assert choose(free | chain(links, first_needs=free)).strategy == strategy


def test_a_chain_goes_one_at_a_time_however_long_it_is() -> None:
    assert choose(chain(100)).strategy == "sequential"


def test_two_pairs_one_after_the_other_count_as_four() -> None:
    needs = {"a": [], "b": [], "c": ["a", "b"], "d": ["a", "b"]}
    assert choose(needs).strategy == "parallel"


def test_what_must_be_alone_does_not_count_as_parallel() -> None:
    free = beside_each_other(4)
    assert choose(free, alone=["free0"]).strategy == "parallel"
    assert choose(free, alone=["free0", "free1"]).strategy == "sequential"
    assert choose(free, alone=free).strategy == "sequential"


def test_one_left_beside_those_that_must_be_alone_has_nobody_beside_it() -> None:
    assert choose(beside_each_other(3), alone=["free0", "free1"]).reason.startswith("0 of 3")


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (beside_each_other(2), "2 of 2 subtasks can run beside another, fewer than 3"),
        (beside_each_other(3) | chain(1, ["free0"]), "3 of 4 subtasks can run beside another"),
        (
            beside_each_other(3) | chain(4, beside_each_other(3)),
            "3 of 7 subtasks can run beside another, less than half",
        ),
    ],
)
def test_the_reason_says_how_many_can_run_beside_another(needs: dict[str, list[str]], reason: str) -> None:
    assert choose(needs).reason == reason
