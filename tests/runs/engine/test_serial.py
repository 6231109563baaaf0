"""Whether a run was one at a time though it need not have been, and why."""

from typing import Any

import pytest

from runs.engine.serial import Facts, judge, shape_of

SHAPE = {"subtasks": 10, "alone": 0, "undeclared": 0}


def facts(**changed: Any) -> Facts:
    plain: dict[str, Any] = {
        "backend": "embedded",
        "strategy": "parallel",
        "max_agents": 4,
        "completed": 10,
        "total": 10,
        "ended": True,
        "peak": 1,
        "overlapped": 0,
        "work_seconds": 100.0,
        "critical_path_seconds": 20.0,
        "shape": SHAPE,
    }
    return Facts(**(plain | changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"peak": 3, "overlapped": 8},
        {"max_agents": 1},
        {"strategy": "sequential"},
        {"peak": None},
        {"peak": 0},
        {"completed": 2},
        {"ended": False, "completed": 4},
    ],
    ids=lambda changed: " ".join(f"{name}={value}" for name, value in changed.items()),
)
def test_nothing_is_said_of_a_run_that_was_parallel_was_not_meant_to_be_or_may_still_be(changed: Any) -> None:
    assert judge(facts(**changed)) is None


def test_almost_never_two_at_once_is_serial_too() -> None:
    assert judge(facts(completed=40, total=40, peak=2, overlapped=2)) is not None
    assert judge(facts(completed=40, total=40, peak=2, overlapped=3)) is None


def test_half_way_through_it_is_known() -> None:
    assert judge(facts(ended=False, completed=5)) is not None


@pytest.mark.parametrize(
    ("changed", "reason", "cure"),
    [
        ({"critical_path_seconds": 96.0}, "a chain of dependencies: 96 % of the work", "depends_on"),
        ({"shape": SHAPE | {"alone": 9}}, "9 of 10 subtasks are `parallelizable: false`", "parallelizable: false"),
        ({"shape": SHAPE | {"undeclared": 10}, "strategy": "hybrid"}, "one at a time under `hybrid`", "`resources`"),
        (
            {"shape": SHAPE | {"claim": {"kind": "file", "name": "src/**"}, "claimed_by": 8}},
            "a lock: 8 of 10 subtasks claim file src/**",
            "mode: read",
        ),
        (
            {"shape": SHAPE | {"claim": {"kind": "memory", "name": "ram"}, "claimed_by": 10}},
            "a lock: 10 of 10 subtasks claim memory ram",
            "no more of ram",
        ),
        ({"lanes": {"execute": {"concurrency": 1}}}, "the lane execute takes one", "lane execute"),
        ({"agents_allowed": 1}, "one agent was left", "room"),
        ({"backend": "tracked"}, "one call a turn", "all in one message"),
        ({"backend": "external"}, "one lease at a time", "`limit`"),
        ({}, "too few seats", "room"),
    ],
)
def test_the_reason_is_what_explains_most_of_it_and_the_sentence_cures_it(changed: Any, reason: str, cure: str) -> None:
    found = judge(facts(**changed))
    assert found is not None
    assert reason in found.reason
    assert cure in found.cure


@pytest.mark.parametrize(
    "changed",
    [
        {"critical_path_seconds": 94.0},
        {"shape": SHAPE | {"alone": 7}},
        {"shape": SHAPE | {"undeclared": 10}},
        {"shape": SHAPE | {"claim": {"kind": "file", "name": "x"}, "claimed_by": 7}},
        {"work_seconds": 0.0, "critical_path_seconds": 0.0},
        {"shape": {}},
    ],
)
def test_what_explains_only_a_part_is_not_the_reason(changed: Any) -> None:
    found = judge(facts(**changed))
    assert found is not None
    assert "seats" in found.reason


def test_of_what_is_claimed_the_most_wanted_is_named() -> None:
    shape = shape_of(subtasks=5, alone=1, undeclared=2, claims={("file", "a"): 1, ("database", "main"): 3})
    assert shape == {
        "subtasks": 5,
        "alone": 1,
        "undeclared": 2,
        "claim": {"kind": "database", "name": "main"},
        "claimed_by": 3,
    }
    assert "claim" not in shape_of(subtasks=1, alone=0, undeclared=0, claims={})
