"""How fast a search is: all strategies at once, first and later, beside a program that is made for it."""

from collections.abc import Iterator
from functools import partial

from tests.bench.lines import Line, Target, at_most
from tests.bench.sitting import Sitting, sample

NAME = "search"


def measure(sitting: Sitting) -> Iterator[Line]:
    said = sitting.in_turn({"search": partial(sitting.run, "search")})["search"]
    facts = {name: said[0][name] for name in ("files", "text", "index", "lines", "peer")}
    where = f"{facts['files']:,} files, {said[0]['queries']} queries"
    beside = f"{facts['peer']}, the same lines"

    def line(what: str, ours: str, than: str, theirs: str, target: Target | None = None) -> Line:
        return Line(NAME, f"{where}: {what}", "s", sample(said, ours), than, sample(said, theirs), target, facts)

    yield line("all strategies at once", "at_once", "one after the other", "in_turn", at_most(0.8, 0.55))
    yield line("all strategies, later", "later", "without the index", "at_once")
    yield line("content, without the index", "content", beside, "beside")
    yield line("content, later", "later_content", beside, "beside", at_most(1.0, 0.5))
    yield line("one of them, later", "each_later", "the very first search", "first", at_most(0.1, 0.02))
    yield Line(NAME, f"{facts['files']:,} files: index built", "s", sample(said, "built"), facts=facts)
