"""Callables for many files at once: what decompositions of a tree make of a group of files, and of a whole tree.

Each answers with a `summary` and with what it found; `survey.merge` makes one answer of the summaries. Nothing is
executed or imported of what is looked at. Bounded in what they answer: a result has a mebibyte at most.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from runs.executors.calls import Task, Unfit, registered
from todos import paths
from todos.decompose import imports, tree
from todos.decompose.groups import knots

MAX_FILE_BYTES = 1024 * 1024  # what is larger is counted, not read
MAX_LISTED_BYTES = 512 * 1024  # of paths, or of lines, in one result
MAX_LINE = 200
EDGE_BYTES = 16  # of two numbers and what is between them
TOP = 20


@registered("survey.scan")
def scan(task: Task, wanted: dict[str, Any], with_imports: bool) -> dict[str, Any]:
    """A tree as plain values, for decompositions; or the option that is wrong (`scan.py`)."""
    try:
        found = tree.walk(task.workspace, tree.Wanted(**wanted))
    except tree.TreeError as error:
        return {"option": error.option, "detail": error.detail}
    graph = imports.graph(task.workspace, [file.path for file in found.files]) if with_imports else {}
    files = [[file.path, file.size] for file in found.files]
    return {"files": files, "left_out": found.left_out, "imports": list(graph.items())}


@registered("survey.glob")
def glob(
    task: Task, suffixes: list[str] | None = None, other_than: list[str] | None = None, **wanted: Any
) -> dict[str, Any]:
    """The files of a tree whose names end so, or do not; `folder`, `include` … as in a decomposition."""
    try:
        found = tree.walk(task.workspace, tree.Wanted(**wanted)).files
    except (tree.TreeError, TypeError) as error:
        raise Unfit(str(error)) from error
    found = [file for file in found if file.path.endswith(tuple(suffixes or ("",)))]
    if other_than:
        found = [file for file in found if not file.path.endswith(tuple(other_than))]
    listed = list(_within(MAX_LISTED_BYTES, (file.path for file in found)))
    summary = {"files": len(found), "bytes": sum(file.size for file in found), "suffixes": suffixes or []}
    return {"summary": summary, "files": listed, "truncated": len(listed) < len(found)}


@registered("survey.grep")
def grep(task: Task, pattern: str, suffixes: list[str] | None = None) -> dict[str, Any]:
    """The lines of the files among the inputs that a regular expression finds something in."""
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise Unfit(f"{pattern[:100]!r} is no regular expression: {error}") from error
    matches = []
    for path in _files(task):
        if suffixes and not path.endswith(tuple(suffixes)):
            continue
        for number, line in enumerate(_lines(task, path), start=1):
            if wanted.search(line):
                matches.append({"path": path, "line": number, "text": line.strip()[:MAX_LINE]})
    room = MAX_LISTED_BYTES // (MAX_LINE + 100)
    summary = {"pattern": pattern, "matches": len(matches), "files": len({match["path"] for match in matches})}
    return {"summary": summary, "matches": matches[:room], "truncated": len(matches) > room}


@registered("survey.files")
def files(task: Task, paths: list[str]) -> dict[str, Any]:
    """How large these files are, and how many lines they have. What is no text has none."""
    facts = [_facts(task, path) for path in paths]
    known = [fact for fact in facts if "bytes" in fact]
    summary = {
        "files": len(facts),
        "bytes": sum(fact["bytes"] for fact in known),
        "lines": sum(fact["lines"] or 0 for fact in known),
        "unread": len(facts) - len(known),
    }
    room = MAX_LISTED_BYTES // 500
    return {"summary": summary, "files": facts[:room], "truncated": len(facts) > room}


@registered("survey.imports")
def find_imports(task: Task, paths: list[str]) -> dict[str, Any]:
    """For these Python files, which of them or of the files among the inputs they import: `[from, to]`, by number."""
    known = list(dict.fromkeys([*paths, *_files(task)]))
    found = imports.graph_of(known, lambda path: _read(task, path), set(paths))
    imported = sum(len(others) for others in found.values())
    return {"summary": {"files": len(paths), "imports": imported}} | _numbered(found)


@registered("survey.merge")
def merge(task: Task) -> dict[str, Any]:
    """One summary: of what was found, by pattern, of what was read, and who imports whom."""
    kinds, patterns, read = (list(task.inputs.get(name, {}).values()) for name in ("kinds", "patterns", "read"))
    graph = _graph(task.inputs.get("imports", {}).values())
    importers = Counter(other for others in graph.values() for other in others)
    return {
        "files": sum(kind["files"] for kind in kinds),
        "bytes": sum(kind["bytes"] for kind in kinds),
        "kinds": kinds,
        "patterns": patterns,
        "read": {name: sum(group[name] for group in read) for name in ("files", "bytes", "lines")},
        "imports": importers.total(),
        "graph": _numbered(graph),
        "most_imported": [{"path": path, "importers": number} for path, number in importers.most_common(TOP)],
        "circles": [knot[:TOP] for knot in knots(graph) if len(knot) > 1][:TOP],
    }


def _numbered(graph: dict[str, list[str]]) -> dict[str, Any]:
    """As many of the imports as there is room for: `names`, and `[from, to]` by their number in them."""
    numbers: dict[str, int] = {}
    edges: list[list[int]] = []
    room = MAX_LISTED_BYTES
    for pair in ((path, other) for path, others in graph.items() for other in others):
        room -= EDGE_BYTES + sum(len(path.encode()) + 4 for path in pair if path not in numbers)
        if room < 0:
            return {"names": list(numbers), "imports": edges, "truncated": True}
        edges.append([numbers.setdefault(path, len(numbers)) for path in pair])
    return {"names": list(numbers), "imports": edges, "truncated": False}


def _graph(parts: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    graph: dict[str, list[str]] = {}
    for part in parts:
        names = part["names"]
        for path, other in part["imports"]:
            graph.setdefault(names[path], []).append(names[other])
            graph.setdefault(names[other], [])
    return graph


def _files(task: Task) -> list[str]:
    """The files that are among the inputs: a list, or several by name."""
    found = task.inputs.get("files", [])
    lists = found.values() if isinstance(found, dict) else [found]
    return [path for listed in lists for path in listed]


def _read(task: Task, path: str) -> bytes:
    return paths.read_below(task.workspace, path, max_bytes=MAX_FILE_BYTES)


def _lines(task: Task, path: str) -> list[str]:
    """None of a file that has gone, is too large or is no text."""
    try:
        data = _read(task, path)
    except paths.PathError:
        return []
    return [] if b"\0" in data else data.decode("utf-8", "replace").splitlines()


def _facts(task: Task, path: str) -> dict[str, Any]:
    try:
        with paths.open_below(task.workspace, path, max_bytes=2**62) as file:
            size = file.seek(0, 2)
    except paths.PathError as error:
        return {"path": path, "error": str(error)}
    if size > MAX_FILE_BYTES:
        return {"path": path, "bytes": size, "lines": None}
    lines = _lines(task, path)
    return {"path": path, "bytes": size, "lines": len(lines) or (0 if size == 0 else None)}


def _within(most: int, texts: Iterable[str]) -> Iterator[str]:
    """The first of them, up to so many bytes."""
    for text in texts:
        most -= len(text.encode()) + 4
        if most < 0:
            return
        yield text
