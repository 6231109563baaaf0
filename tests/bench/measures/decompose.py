"""How long it takes to split a todo by a real tree: two thousand Python files of the installed packages."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Sitting, sample

NAME = "decompose"
FILES = 2_000


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"decompose": partial(sitting.run, "decompose", FILES)})["decompose"]
    for name, first in said[0]["strategies"].items():
        what = f"{name}: {FILES:,} files, {first['subtasks']:,} subtasks"
        for step, bounds in (("shown", at_most(3, 1.5)), ("made", None)):
            read = partial(_read, name=name, step=step)
            yield Line(NAME, f"{what}, {step}", "s", sample(said, read), target=bounds)


def _read(said: Any, *, name: str, step: str) -> float:
    return float(said["strategies"][name][step])
