"""`manage.py plan`: problems in, plans out, and every wrong line named with its field."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from runs.planning import problems, solver
from tests.todos.plan.problems import assert_valid, optimum, random_problem
from todos.plan.problem import Problem, Unfit

GOOD: dict[str, Any] = {
    "set": "mine",
    "name": "a",
    "agents": 2,
    "durations": [3, 2, 2],
    "preds": [[], [], [0]],
    "demands": [[1], [1], [0]],
    "capacity": [1],
}


def plan(tmp_path: Path, *lines: str, **options: Any) -> list[Any]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    call_command("plan", problems=source, out=target, **options)
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_every_problem_is_answered_in_order(tmp_path: Path) -> None:
    unlimited = GOOD | {"name": "b", "agents": None, "demands": None, "capacity": None}
    first, second = plan(tmp_path, json.dumps(GOOD), "", json.dumps(unlimited))
    assert (first["set"], first["name"], first["agents"], second["name"], second["agents"]) == (
        "mine",
        "a",
        2,
        "b",
        None,
    )
    assert_valid(problems.read(json.dumps(GOOD)).problem, first["start"])
    assert second["start"] == [0, 0, 3]
    assert 0 <= first["plan_seconds"] < 1.5


def test_an_empty_file_has_no_plans(tmp_path: Path) -> None:
    assert plan(tmp_path, "") == []


def test_the_time_for_a_problem_is_kept() -> None:
    hard = random_problem(3, tasks=60, resources=4, agents=None)
    answer = problems.answer(problems.Named("s", "n", hard), seconds=0.05)
    assert_valid(hard, answer["start"])
    assert answer["plan_seconds"] < 0.5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"durations": None}, "durations"),
        ({"durations": [3, 2, "2"]}, "durations"),
        ({"durations": [3, 2, -1]}, "durations"),
        ({"durations": [3, 2, True]}, "durations"),
        ({"durations": [3, 2, float("nan")]}, "durations"),
        ({"durations": [3, 2, float("inf")]}, "durations"),
        ({"durations": [3, 2, 10**400]}, "durations"),
        ({"durations": [3, 2]}, "preds"),
        ({"preds": [[], []]}, "preds"),
        ({"preds": [[], [], [3]]}, "preds"),
        ({"preds": [[], [], [-1]]}, "preds"),
        ({"preds": [[], [], 0]}, "preds"),
        ({"preds": [[2], [], [0]]}, "preds"),
        ({"preds": [[0], [], []]}, "preds"),
        ({"agents": 0}, "agents"),
        ({"agents": "2"}, "agents"),
        ({"demands": [[1], [1]]}, "demands"),
        ({"demands": [[1], [1], [0, 0]]}, "demands"),
        ({"demands": [[1], [2], [0]]}, "demands"),
        ({"demands": None}, "demands"),
        ({"capacity": [1.5]}, "capacity"),
        ({"capacity": "1"}, "capacity"),
    ],
)
def test_a_wrong_problem_is_refused_where_it_is_wrong(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Unfit) as error:
        problems.read(json.dumps(GOOD | change))
    assert error.value.field == field


@pytest.mark.parametrize("line", ["{", "[]", "1", "null", '"x"', "[" * 100_000])
def test_a_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(Unfit) as error:
        problems.read(line)
    assert error.value.field == "line"


def test_a_wrong_line_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="line 2: preds: a cycle"):
        plan(tmp_path, json.dumps(GOOD), json.dumps(GOOD | {"preds": [[2], [], [0]]}))
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot read the problems"):
        call_command("plan", problems=tmp_path / "none", out=tmp_path / "out")
    (tmp_path / "in").write_text(json.dumps(GOOD))
    with pytest.raises(CommandError, match="cannot write"):
        call_command("plan", problems=tmp_path / "in", out=tmp_path)
    (tmp_path / "in").write_bytes(b"\xff")
    with pytest.raises(CommandError, match="cannot read the problems"):
        call_command("plan", problems=tmp_path / "in", out=tmp_path / "out")


@pytest.mark.parametrize("seconds", ["-1", "4000", "nan", "soon"])
def test_a_wrong_time_is_refused(tmp_path: Path, seconds: str) -> None:
    with pytest.raises(CommandError, match="a number of seconds from 0 to 3600"):
        call_command("plan", "--problems", tmp_path / "in", "--out", tmp_path / "out", "--seconds", seconds)


def test_without_the_extra_the_solver_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "cp_model", None)
    with pytest.raises(CommandError, match=r"requirements/solver\.txt"):
        plan(tmp_path, json.dumps(GOOD), solver=True)


@pytest.mark.skipif(not solver.available(), reason="the optional extra is not installed")
def test_the_solver_closes_what_is_left_open() -> None:
    for seed in range(5):
        problem = random_problem(seed, tasks=6, agents=2, resources=1, alone=seed == 0)
        start = [float(sum(problem.durations[:at])) for at in range(problem.size)]  # one after the other
        found = solver.close(problem, start, seconds=5)
        assert_valid(problem, found)
        assert problem.makespan(found) == optimum(problem)


@pytest.mark.skipif(not solver.available(), reason="the optional extra is not installed")
def test_the_solver_takes_fractions_of_seconds() -> None:
    problem = Problem([0.5, 0.25, 0.25], [[], [], []], agents=2)
    assert problem.makespan(solver.close(problem, [0, 0.5, 0.75], seconds=5)) == pytest.approx(0.5)
