"""Groups of equal weight, and the knots of a graph."""

from hypothesis import given
from hypothesis import strategies as st

from todos.decompose.groups import balanced, knots
from todos.plan.graph import waves

GRAPHS = st.integers(1, 12).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=4, unique=True), min_size=size, max_size=size)
)


@given(st.lists(st.floats(0, 1e9), max_size=60), st.integers(1, 20))
def test_every_item_is_in_one_group_and_groups_differ_by_one_item_at_most(weights: list[float], count: int) -> None:
    groups = balanced(range(len(weights)), weights, count)
    assert sorted(item for group in groups for item in group) == list(range(len(weights)))
    assert len(groups) == min(count, len(weights))
    assert all(groups)
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    sums = [sum(weights[item] for item in group) for group in groups]
    assert not sums or max(sums) - min(sums) <= max(weights) * (1 + 1e-9)


@given(st.integers(0, 200), st.integers(1, 50))
def test_equal_items_make_groups_of_equal_size(items: int, count: int) -> None:
    sizes = [len(group) for group in balanced(range(items), [1.0] * items, count)]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_what_weighs_nothing_is_spread_too() -> None:
    assert [len(group) for group in balanced("abcd", [0, 0, 0, 0], 2)] == [2, 2]


def test_fifteen_modules_make_five_batches_of_three() -> None:
    assert [len(group) for group in balanced(range(15), [180.0] * 15, 5)] == [3, 3, 3, 3, 3]


@given(GRAPHS)
def test_between_knots_there_is_no_circle_and_within_one_each_reaches_each(links: list[list[int]]) -> None:
    graph = dict(enumerate(links))
    found = knots(graph)
    assert sorted(node for knot in found for node in knot) == list(graph)
    place = {node: at for at, knot in enumerate(found) for node in knot}
    assert all(place[other] <= place[node] for node in graph for other in graph[node])
    between = {at: {place[other] for node in knot for other in graph[node]} - {at} for at, knot in enumerate(found)}
    assert sum(map(len, waves(between))) == len(found)
    for knot in found:
        assert all(set(knot) <= reached(graph, node) | {node} for node in knot)


def reached(graph: dict[int, list[int]], start: int) -> set[int]:
    found = [start]
    for node in found:
        found += [other for other in graph[node] if other not in found]
    return set(found)


def test_a_long_chain_does_not_end_the_process() -> None:
    chain = {at: [at + 1] for at in range(20_000)} | {20_000: []}
    assert [knot[0] for knot in knots(chain)] == list(range(20_000, -1, -1))
    circle = chain | {20_000: [0]}
    assert knots(circle) == [list(range(20_001))]
