"""Searches the sources of Django as they are installed here: all strategies at once and one after the other, first and
later, beside a program that is made for it. What `content` finds must be what that program finds."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (these need the settings)

from runs.executors import python, search  # noqa: E402
from runs.executors.base import Job  # noqa: E402
from runs.executors.search import background, together  # noqa: E402
from runs.executors.search.index import store  # noqa: E402
from runs.executors.search.index.build import MAX_FILE_BYTES  # noqa: E402
from runs.executors.search.together import Asked, carry_out  # noqa: E402
from todos.decompose.tree import Wanted, walk  # noqa: E402

QUERIES = ("select_related", "ImproperlyConfigured", "lazy_object", "xyzzy_nowhere")
STRATEGIES = ("content", "files", "symbols", "imports")
TIMES = 5

Lines = set[tuple[str, int]]


def seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def find(root: Path, query: str, *strategies: str) -> dict[str, Any]:
    spec = {"query": query, "strategies": list(strategies or STRATEGIES)}
    found: dict[str, Any] = search.run(Job(spec, workspace=root)).result
    if found["failed_strategies"]:
        raise RuntimeError(f"failed: {found['failed_strategies']}")
    return found


def peer(root: Path, query: str) -> tuple[str, list[str]]:
    """What else finds lines: ripgrep, or grep where there is none."""
    case = [] if query != query.lower() else ["-i"]
    if rg := shutil.which("rg"):
        options = "--no-config --no-ignore --hidden --line-number --no-heading --with-filename --fixed-strings"
        return "ripgrep", [rg, *options.split(), *case, "-e", query, "./"]
    return "grep -r", ["grep", "-rnIF", *case, "-e", query, "./"]


def theirs(root: Path, query: str) -> Lines:
    printed = subprocess.run(peer(root, query)[1], cwd=root, capture_output=True).stdout.decode("utf-8", "replace")
    rows = (row.split(":", 2) for row in printed.splitlines())
    return {(row[0].removeprefix("./"), int(row[1])) for row in rows if len(row) == 3}


def check(root: Path, query: str, files: set[str]) -> int:
    found = find(root, query, "content")
    if found["truncated"]:
        raise RuntimeError(f"{query}: there is more than is answered")
    ours = {(match["path"], match["line"]) for match in found["matches"]}
    expected = {place for place in theirs(root, query) if place[0] in files}
    if ours != expected:
        raise RuntimeError(f"{query}: {len(ours ^ expected)} lines differ, {sorted(ours ^ expected)[:5]}")
    return len(ours)


def one_after_the_other(job: Job, asked: list[Asked]) -> None:
    for one in asked:
        carry_out(job, [one])


def without_index(root: Path, files: set[str]) -> dict[str, float]:
    """All queries together; the children are up, and what is on the disk is in memory."""
    lines = sum(check(root, query, files) for query in QUERIES)
    at_once = seconds(lambda: [find(root, query) for query in QUERIES])
    together.carry_out = one_after_the_other
    in_turn = seconds(lambda: [find(root, query) for query in QUERIES])
    together.carry_out = carry_out
    content = seconds(lambda: [find(root, query, "content") for query in QUERIES])
    return {"lines": lines, "at_once": at_once, "in_turn": in_turn, "content": content}


def with_index(root: Path, files: set[str]) -> dict[str, float]:
    lines = sum(check(root, query, files) for query in QUERIES)
    later = median(seconds(lambda: [find(root, query) for query in QUERIES]) for _ in range(TIMES))
    content = median(seconds(lambda: [find(root, query, "content") for query in QUERIES]) for _ in range(TIMES))
    return {"lines": lines, "later": later, "each_later": later / len(QUERIES), "later_content": content}


def main() -> None:
    root = Path(django.__file__).resolve().parent
    files = {file.path for file in walk(root, Wanted()).files if file.size <= MAX_FILE_BYTES}
    want, background.want = background.want, lambda workspace: None
    first = seconds(lambda: find(root, QUERIES[0]))  # with the start of the children
    figures = without_index(root, files)
    beside = median(seconds(lambda: [theirs(root, query) for query in QUERIES]) for _ in range(TIMES))
    want(root)
    built = seconds(background.wait)
    place = store.place(settings.HOME, root)
    figures |= {"first": first, "beside": beside, "built": built, "index": place.stat().st_size} | with_index(
        root, files
    )
    text = sum(file.size for file in walk(root, Wanted()).files)
    facts = {"files": len(files), "text": text, "peer": peer(root, "x")[0], "queries": len(QUERIES)}
    print(json.dumps(figures | facts))
    background.stop()
    python.close_all()


if __name__ == "__main__":
    main()
