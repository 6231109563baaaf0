"""How much a run can gain at least and at most, and what is named as the limit."""

from typing import Any

import pytest

from runs.engine.limits import NONE, limits

FILE = {"kind": "file", "name": "a.py"}


def run(**changed: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "strategy": "parallel",
        "max_agents": 4,
        "work_seconds": 80.0,
        "critical_path_seconds": 20.0,
        "theoretical_speedup": 4.0,
        "barriers": False,
        "claiming": 0,
        "lanes": {},
        "shape": {},
    }
    return plain | changed


def test_the_limits_are_a_pair() -> None:
    found = limits(run(critical_path_seconds=10.0))
    assert found.amdahl == pytest.approx(1 / (0.125 + 0.875 / 4))
    assert (found.work_span, found.binding, found.resource) == (4.0, "agents", None)


@pytest.mark.parametrize(
    "apart",
    [
        {"claiming": 1},
        {"barriers": True},
        {"strategy": "hybrid"},
        {"lanes": {"query": {"concurrency": 2}}},
        {"shape": {"alone": 1}},
    ],
)
def test_the_lower_one_holds_for_dependencies_only(apart: dict[str, Any]) -> None:
    assert limits(run(**apart)).amdahl is None
    assert limits(run(**apart)).work_span == 4.0


@pytest.mark.parametrize(
    ("changed", "binding"),
    [
        ({}, "critical_path"),  # both bind: no more agents would help
        ({"critical_path_seconds": 19.0}, "agents"),
        ({"strategy": "sequential", "theoretical_speedup": 1.0}, "agents"),
        ({"barriers": True, "theoretical_speedup": 2.0}, "barriers"),
        ({"barriers": True, "critical_path_seconds": 19.0}, "agents"),
        ({"critical_path_seconds": 40.0, "theoretical_speedup": 2.0, "barriers": True}, "critical_path"),
        ({"theoretical_speedup": 2.0, "shape": {"alone": 2}}, "agents"),
        ({"theoretical_speedup": 2.0, "shape": {"bound_by": FILE}}, "resource"),
    ],
)
def test_what_binds_is_named(changed: dict[str, Any], binding: str) -> None:
    found = limits(run(**changed))
    assert (found.binding, found.resource) == (binding, FILE if binding == "resource" else None)


def test_where_nothing_is_expected_there_are_none() -> None:
    assert limits(run(work_seconds=0.0)) == limits(run(theoretical_speedup=None)) == NONE
