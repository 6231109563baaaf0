"""`manage.py backtest` on files."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from runs.engine.estimate import State, estimate

FIRST: dict[str, Any] = {
    "id": "a|1",
    "run": "a",
    "now": 12.0,
    "agents": 2,
    "done": [[0, 10.0]],
    "done_at": [10.0],
    "running": [[1, 12.0], [2, 2.0]],
    "pending": [3],
    "types": ["build", "test", "build", "test"],
    "preds": [[], [], [], [0]],
    "history": [[["build", 9.0], ["test", 20.0]], [["build", 11.0], ["test", 22.0]]],
}
SECOND = {key: value for key, value in FIRST.items() if key != "history"} | {"id": "a|2"}


def backtest(folder: Path, *rows: Any) -> list[dict[str, Any]]:
    observed, out = folder / "in.jsonl", folder / "out.jsonl"
    observed.write_text("\n".join(json.dumps(row) for row in rows))
    call_command("backtest", observations=observed, out=out, stdout=StringIO())
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_every_observation_is_answered_as_a_live_run_would_be(tmp_path: Path) -> None:
    found = backtest(tmp_path, FIRST, SECOND)
    live = estimate(
        State(
            now=12.0,
            agents=2,
            kinds=FIRST["types"],
            preds=FIRST["preds"],
            done={0: 10.0},
            running={1: 12.0, 2: 2.0},
            queue=[3],
            order=[0, 1, 2, 3],
            history=[[("build", 9.0), ("test", 20.0)], [("build", 11.0), ("test", 22.0)]],
        )
    )
    expected = {"eta": live.eta, "lo": live.low, "hi": live.high}
    assert found == [{"id": "a|1", **expected}, {"id": "a|2", **expected}]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"preds": [[3], [], [], [0]]}, "preds: a cycle"),
        ({"pending": []}, "pending"),
        ({"agents": 0}, "agents"),
        ({"now": "x"}, "now"),
        ({"done": [[9, 1.0]]}, "done"),
        ({"history": [[["build"]]]}, "history"),
        ({"types": None}, "types"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(CommandError, match=rf"line 2: .*{field}"):
        backtest(tmp_path, FIRST, {**FIRST, **wrong})
