import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.plan import graph
from todos.plan.graph import CycleError

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


@st.composite
def acyclic(draw: st.DrawFn) -> dict[int, list[int]]:
    """Each node depends on some of those before it."""
    size = draw(st.integers(0, 12))
    return {node: draw(st.lists(st.sampled_from(range(node)), unique=True)) if node else [] for node in range(size)}


graphs = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4), max_size=8).map(
    lambda found: {node: [other for other in needs if other in found] for node, needs in found.items()}
)


def test_nothing_has_no_cycle_and_no_waves() -> None:
    assert graph.find_cycle({}) is None
    assert graph.waves({}) == []
    assert graph.critical_path({}, lambda _: 1.0) == ([], 0.0)


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ["b", "c", "b"]),
        ({"x": [], "a": ["x", "b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c", "a"]),
    ],
)
def test_a_cycle_is_named_from_its_start_to_its_start(edges: dict[str, list[str]], cycle: list[str]) -> None:
    assert graph.find_cycle(edges) == cycle


def test_a_diamond_is_no_cycle() -> None:
    assert graph.find_cycle(DIAMOND) is None


@given(graphs)
def test_a_named_cycle_is_one(edges: dict[int, list[int]]) -> None:
    cycle = graph.find_cycle(edges)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert all(after in edges[before] for before, after in pairwise(cycle))
        assert len(set(cycle[1:])) == len(cycle) - 1


@given(graphs)
def test_there_is_an_order_exactly_when_there_is_no_cycle(edges: dict[int, list[int]]) -> None:
    if graph.find_cycle(edges) is None:
        order = graph.order(edges)
        assert sorted(order) == sorted(edges)
        assert all(order.index(need) < order.index(node) for node, needs in edges.items() for need in needs)
    else:
        with pytest.raises(CycleError):
            graph.order(edges)


def test_a_cycle_error_shows_the_path() -> None:
    with pytest.raises(CycleError, match="a → b → a"):
        graph.waves({"a": ["b"], "b": ["a"]})


def test_waves_go_by_depth() -> None:
    assert graph.waves(DIAMOND) == [["a"], ["b", "c"], ["d"]]


@given(acyclic())
def test_a_node_is_in_the_wave_after_its_last_dependency(edges: dict[int, list[int]]) -> None:
    depth = {node: at for at, wave in enumerate(graph.waves(edges)) for node in wave}
    for node, needs in edges.items():
        assert depth[node] == max((depth[need] + 1 for need in needs), default=0)


@given(acyclic())
def test_dependants_are_dependencies_seen_the_other_way(edges: dict[int, list[int]]) -> None:
    waiting = graph.dependants(edges)
    assert {(a, b) for a, needs in edges.items() for b in needs} == {(a, b) for b, ws in waiting.items() for a in ws}


def test_the_critical_path_is_the_longest_chain_of_work() -> None:
    seconds = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 3.0}
    assert graph.critical_path(DIAMOND, seconds.__getitem__) == (["a", "b", "d"], 9.0)


@given(acyclic(), st.integers(0, 100))
def test_no_chain_is_longer_than_the_critical_path(edges: dict[int, list[int]], seed: int) -> None:
    seconds = {node: float((node * 7 + seed) % 5) for node in edges}
    path, total = graph.critical_path(edges, seconds.__getitem__)
    assert sum(seconds[node] for node in path) == total
    assert all(before in edges[after] for before, after in pairwise(path))
    assert total == max(graph.remaining_paths(edges, seconds.__getitem__).values(), default=0.0)


def test_a_chain_of_twenty_thousand_needs_no_recursion() -> None:
    chain = {node: [node - 1] if node else [] for node in range(20_000)}
    started = time.process_time()
    assert graph.find_cycle({**chain, 0: [19_999]}) is not None
    assert len(graph.waves(chain)) == 20_000
    assert graph.critical_path(chain, lambda _: 1.0)[1] == 20_000
    assert time.process_time() - started < 10  # to look at each for each would take a minute
