"""The callables of a search, for the child processes that make them: the list of files, and a strategy each.

A strategy prints what it finds, line by line, and answers with the best: `matches` (path, line, text, whether it is
about just that name), best first, `files` with any, and whether there is more (`truncated`).
"""

import itertools
import math
import os
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from runs.executors.calls import Task, Unfit, registered
from runs.executors.search import languages, names
from runs.executors.search.ground import MOST_FILES, MOST_FOUND, MOST_MATCHES, MOST_PRINTED, Ground
from runs.executors.search.index import build, store
from runs.executors.search.listing import Listing, take
from runs.executors.search.matching import Needle
from runs.executors.search.ranking import Hit
from runs.executors.search.tags import Tags
from todos.decompose.tree import TreeError

MEMORY_BYTES = 2 * 1024**3
SPARE_SECONDS = 1.0  # of processor time, between looking at no further file and being ended
LIST_SECONDS = 30.0

Ranked = tuple[tuple[Any, ...], Hit]  # what comes first is less


@registered("search.list")
def list_files(task: Task, path: str, home: str, to: str) -> dict[str, Any]:
    """Writes the list of the files below a folder; says whether the index should be brought up to date."""
    _limit(LIST_SECONDS)
    try:
        listing, stale = take(task.workspace, path, Path(home))
    except TreeError as error:
        raise Unfit(f"{error.option}: {error}") from error
    listing.write(Path(to))
    return {"files": len(listing.files), "stale": stale}


@registered("search.build")
def build_index(task: Task, home: str, max_bytes: int, seconds: float) -> dict[str, Any]:
    """Brings the index up to date, when nobody else does. No file may take more than so much processor time."""
    os.nice(10)
    try:
        return build.update(task.workspace, Path(home), max_bytes, lambda: _limit(seconds))
    except (build.Busy, TreeError) as error:
        return {"busy": True, "why": str(error)}


@registered("search.content")
def content(task: Task, query: str, **where: Any) -> dict[str, Any]:
    """Lines that have it: as a word before within one, each file's first before its second."""
    ground, needle = _begin(task, **where), Needle(query)
    return _answer("content", ground, _content(ground, needle))


@registered("search.files")
def files(task: Task, query: str, **where: Any) -> dict[str, Any]:
    """Files with it in their path: in the name before in a folder's."""
    ground, needle = _begin(task, **where), Needle(query)
    return _answer("files", ground, _files(ground, needle))


@registered("search.symbols")
def symbols(task: Task, query: str, **where: Any) -> dict[str, Any]:
    """What defines it: just that name before names with it."""
    ground, needle = _begin(task, **where), Needle(query)
    return _answer("symbols", ground, _named(ground, needle, "symbols"))


@registered("search.imports")
def imports(task: Task, query: str, **where: Any) -> dict[str, Any]:
    """What imports it: just that name before names with it."""
    ground, needle = _begin(task, **where), Needle(query)
    return _answer("imports", ground, _named(ground, needle, "imports"))


def _begin(task: Task, listing: str, home: str, seconds: float) -> Ground:
    _limit(seconds)
    place = store.place(Path(home), task.workspace)
    return Ground(task.workspace, Listing.read(Path(listing)), place, seconds - SPARE_SECONDS)


def _limit(seconds: float) -> None:
    """Has the kernel end this process when it uses so much processor time from now on, or too much memory."""
    with suppress(ValueError, OSError):  # a stricter limit is there already
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


# ---- what each finds ----


def _content(ground: Ground, needle: Needle) -> Iterator[Ranked]:
    found = 0
    for path, data in ground.texts(needle.query):
        depth = path.count("/")
        most = MOST_MATCHES + 1 if found < MOST_FOUND else 1
        for nth, (number, text, word) in enumerate(itertools.islice(needle.lines(data), most)):
            found += 1
            yield (not word, nth, depth, path), Hit(path, number, text, word)


def _files(ground: Ground, needle: Needle) -> Iterator[Ranked]:
    for path in ground.files:
        if needle.within(path):
            name = needle.fold(path).rpartition("/")[2]
            exact = needle.query in (name, name.partition(".")[0], needle.fold(path))
            yield (not exact, needle.query not in name, path.count("/"), path), Hit(path, None, path, exact)


def _named(ground: Ground, needle: Needle, kind: str) -> Iterator[Ranked]:
    seen: set[tuple[str, int]] = set()
    for path, named in _all_named(ground, needle.query, kind):
        meant = names.is_named(needle, named.name) if kind == "symbols" else needle.within(named.name)
        if meant and (path, named.line) not in seen:
            seen.add((path, named.line))
            exact = names.is_exactly(needle, named.name)
            yield (not exact, len(named.name), path, named.line), Hit(path, named.line, named.text, exact)


def _all_named(ground: Ground, query: str, kind: str) -> Iterator[tuple[str, languages.Named]]:
    """All names that may be meant: of the index, then of the files that it does not know."""
    yield from ground.names(kind, query)
    part = names.tail(query)
    if kind == "symbols":
        with Tags() as tags:
            for path, data in ground.unknown_texts(part, tags.takes, lambda path: False):
                yield from ((path, named) for named in names.definitions(path, data, tags))
    else:
        folded = part.lower()
        for path, data in ground.unknown_texts(part, languages.has_imports, lambda path: folded in path.lower()):
            yield from ((path, named) for named in names.imports(path, data))


# ---- what is answered ----


def _answer(strategy: str, ground: Ground, found: Iterable[Ranked]) -> dict[str, Any]:
    kept = list(itertools.islice(_printed(strategy, found), MOST_FOUND + MOST_FILES))
    best = [hit for _, hit in sorted(kept, key=lambda one: one[0])[:MOST_MATCHES]]
    by_file = Counter(hit.path for _, hit in kept)
    truncated = ground.ran_out or len(kept) > MOST_MATCHES or len(by_file) > MOST_FILES
    listed = [path for path, _ in by_file.most_common(MOST_FILES)]
    matches = [[hit.path, hit.line, hit.text, hit.exact] for hit in best]
    return {"matches": matches, "files": listed, "truncated": truncated}


def _printed(strategy: str, found: Iterable[Ranked]) -> Iterator[Ranked]:
    for at, ranked in enumerate(found):
        if at < MOST_PRINTED:
            hit = ranked[1]
            line = f"{hit.path}:{hit.line}: {hit.text}" if hit.line else hit.path
            print(f"{strategy} {_plain(line)}")
        yield ranked


def _plain(line: str) -> str:
    """Without characters that would begin another line, or do something else to a terminal."""
    return line if line.isprintable() else "".join(each if each.isprintable() else "�" for each in line)
