"""The graphs of the measure `dispatch`: the same each time, really off, and never faster than can be."""

import gzip
import json
from pathlib import Path

from tests.bench.work.uncertain import AGENTS, GRAPHS, UNIT_SECONDS, graphs


def test_the_graphs_are_the_same_each_time_and_differ_from_each_other() -> None:
    first, again = graphs(), graphs()
    assert first == again
    assert len({str(graph.actual) for graph in first}) == GRAPHS


def test_what_work_takes_is_off_its_estimate_by_half_and_by_double() -> None:
    for graph in graphs():
        factors = [taken / told for taken, told in zip(graph.actual.durations, graph.estimated.durations)]
        assert min(factors) < 0.6 and max(factors) > 1.6
        assert 0.6 < sorted(factors)[len(factors) // 2] < 1.6
        assert graph.actual.preds == graph.estimated.preds


def test_the_simulation_is_bounded_as_list_scheduling_is() -> None:
    for graph in graphs():
        work, chain = sum(graph.actual.durations), graph.actual.critical_seconds
        assert max(chain, work / AGENTS) <= graph.listed_seconds() <= chain + (work - chain) / AGENTS + 1e-9


def test_a_file_of_problems_is_read_for_what_fits(tmp_path: Path) -> None:
    fit = {"set": "stg3", "name": "a", "agents": AGENTS, "durations": [3, 2, 2], "preds": [[], [], [0]]}
    lines = [fit, fit | {"agents": 2}, fit | {"set": "j30"}, fit | {"demands": [[1]] * 3, "capacity": [1]}]
    path = tmp_path / "problems.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    (graph,) = graphs(path)
    assert list(graph.estimated.durations) == [duration * UNIT_SECONDS for duration in (3, 2, 2)]
