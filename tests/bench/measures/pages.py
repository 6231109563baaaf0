"""How soon a person sees something of a run of 10,000 subtasks, in a real browser, beside one of 10."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, at_most
from tests.bench.sitting import Said, Sitting, sample

NAME = "pages"
SMALL, LARGE = 10, 10_000
MOST_MS = {  # about twice, and about, what two idle cores take
    "first paint": at_most(300, 150),
    "tab switch": at_most(300, 150),
    "filter": at_most(300, 150),
    "live tick": at_most(200, 110),  # up to 100 ms of it are the pace of frames
}


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({str(size): partial(sitting.run, "pages", size) for size in (SMALL, LARGE)})
    for what, most in MOST_MS.items():
        for part, target in {"median": most, "p95": None}.items():
            figure = partial(_read, what=what, part=part)
            small, large = sample(said[str(SMALL)], figure), sample(said[str(LARGE)], figure)
            told = f"{what}, {LARGE:,} subtasks" + ("" if part == "median" else f", {part}")
            yield Line(NAME, told, "ms", large, f"{SMALL} subtasks", small)
            if target:
                yield Line(NAME, told, "ms", large, target=target)


def _read(said: Said, *, what: str, part: str) -> float:
    return float(said[what][part])
