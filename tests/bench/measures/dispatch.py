"""How much longer real runs take than their simulation: forty graphs whose estimates are off, on four agents."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench.lines import Line, Sample, at_most
from tests.bench.sitting import Said, Sitting

NAME = "dispatch"
PARTS = 4  # programs, so that each ends in time; a graph is carried out once, whatever the number of rounds


def measure(sitting: Sitting) -> Iterator[Line]:
    more = ("--problems", sitting.problems.resolve()) if sitting.problems else ()
    said = [sitting.run("dispatch", "--part", part, "--parts", PARTS, *more) for part in range(PARTS)]
    found = [graph for one in said for graph in one["graphs"]]
    noise = max(one.other_cpu for one in said)
    what = f"makespans of {len(found)} graphs"
    listed = Sample([_total(found, "listed_seconds")])
    bound = at_most(1.03, 1.01)
    whole = Sample([_total(found, "seconds")], noise)
    yield Line(NAME, f"{what}, made, run and recorded", "s", whole, "simulated dispatch", listed, bound)
    inside = Sample([_total(found, "run_seconds")], noise)
    yield Line(NAME, f"{what}, run", "s", inside, "simulated dispatch", listed)
    over = [100 * (graph["seconds"] / graph["listed_seconds"] - 1) for graph in found]
    yield Line(NAME, "over the simulation, mean of the graphs", "%", Sample([sum(over) / len(over)], noise))
    yield Line(NAME, "… the worst graph", "%", Sample([max(over)], noise), facts={"graphs": found})
    wrong = sum(one[name] for one in said for name in ("lost", "unended", "violations"))
    yield Line(NAME, "lost, unended, violated", "", Sample([wrong]), target=at_most(0, 0))
    yield Line(NAME, "CPU of the server meanwhile", "%", _busy(said))


def _total(found: list[Mapping[str, Any]], figure: str) -> float:
    return float(sum(graph[figure] for graph in found))


def _busy(said: list[Said]) -> Sample:
    """Of one core."""
    return Sample([100 * one["cpu_seconds"] / _total(one["graphs"], "seconds") for one in said])
